"""Windows of all accounts on every day of a range, in one pass over the days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import polars as pl

from health_pipeline.core.activity.active_days import MASKED_DAYS
from health_pipeline.core.activity.first_active import first_active, starts
from health_pipeline.core.activity.tally import Tally
from health_pipeline.core.schemas.day import WINDOW_COLUMNS
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline.core.schemas.time import day_number


def windows(
    activity: pl.DataFrame, first: date, last: date, seen: pl.DataFrame | None = None
) -> pl.DataFrame:
    """`WINDOW_COLUMNS` of every account on each day from `first` to `last`, both included.

    Each day sees only what was known by its end. An account appears from the first day on which
    any of its activity was known, with zeros when it is quiet. Distinct users are null as long as
    no activity of the account had a user.

    Args:
        activity: `ACTIVITY` rows of at least `first` − 126 days to `last`.
        first: first day.
        last: last day.
        seen: `first_active` of all history, where `activity` does not hold all of it.

    Returns:
        account_id, date and `WINDOW_COLUMNS`, sorted.
    """
    known = activity.filter(pl.col("known_on") <= last)
    history = first_active(known, seen).filter(pl.col("known_on") <= last)
    accounts = history["account_id"].unique().sort()
    any_known, user_known = starts(history, accounts, 0)
    # What became known long ago counts as known on the day before the first that is looked at.
    start = first - timedelta(days=MASKED_DAYS)
    known = known.filter(pl.col("day") > start).with_columns(
        pl.max_horizontal("known_on", start + timedelta(days=1)).alias("known_on")
    )
    frames = []
    for tally in tallied([known], Tally(accounts, start), last):
        if tally.day < first:
            continue
        today = day_number(tally.day)
        frames.append(
            pl.DataFrame(
                {
                    "account_id": accounts,
                    **tally.columns(),
                    "known": any_known <= today,
                    "has_user": user_known <= today,
                }
            ).with_columns(pl.lit(tally.day).alias("date"))
        )
    if not frames:
        return pl.DataFrame(schema={"account_id": pl.String, "date": pl.Date, **WINDOW_COLUMNS})
    return (
        pl.concat(frames)
        .filter("known")
        .select(
            "account_id",
            "date",
            *(
                pl.when("has_user").then(name).alias(name) if "users" in name else pl.col(name)
                for name in WINDOW_COLUMNS
            ),
        )
        .sort("account_id", "date")
    )


def tallied(batches: Iterable[pl.DataFrame], tally: Tally, last: date) -> Iterator[Tally]:
    """`tally` at the end of each day up to `last`.

    Args:
        batches: `ACTIVITY` rows in the order of known_on; each batch ends where the next begins.
        tally: the state before the first of them.
        last: the last day.
    """
    for rows in batches:
        if rows.height:
            newest = rows["known_on"].max()
            through = min(last, newest) if isinstance(newest, date) else last
            yield from tally.run(rows, through)
    yield from tally.run(pl.DataFrame(schema=ACTIVITY), last)
