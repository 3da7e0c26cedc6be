"""Whether a source delivered a day, or its silence is only our ignorance (contracts.md).

Judged for each source and plan. A day is not delivered

- if fewer than `delivered_share` of its regular accounts (active on at least 3 of the same
  weekday's last 4 dates) sent anything; a holiday is exempt;
- if nothing at all arrived from the source, on whatever plan: silence of everybody is never
  turned into zeros, also where no account is regular.

Otherwise it is delivered, also when a plan has no regular account. Days before a source's first
row are therefore not delivered. Who is regular is judged by what was known on the day itself.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.time import days_between

SAME_WEEKDAYS = 4
REGULAR_DATES = 3
LONGEST_WINDOW = 90

DELIVERED: dict[str, pl.DataType] = {
    "source": pl.String(),
    "plan": pl.String(),
    "day": pl.Date(),
    "delivered_known_on": pl.Date(),
}
"""`delivered_known_on`: the first day by whose end the day counted as delivered; null = never."""

_SHOWN = ("source", "account_id", "day", "known_on")
_GROUP = ("source", "plan", "day")


def _is_holiday(day: date, rules: ActivityRules) -> bool:
    """Whether `day` is named by date (2026-12-25) or by month and day (12-25)."""
    return bool({day.isoformat(), day.isoformat()[5:]} & set(rules.holidays))


def _planned(source_days: pl.DataFrame, plans: pl.DataFrame) -> pl.DataFrame:
    """First known appearance of each account on each day, with its plan."""
    first = source_days.group_by("source", "account_id", "day").agg(pl.col("known_on").min())
    return first.join(plans.select("account_id", "plan"), on="account_id", how="left").with_columns(
        pl.max_horizontal("day", "known_on").alias("known_on")
    )


def _regulars(shown: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """source, plan, day, account_id of the accounts from which something was to be expected."""
    past = pl.concat(
        shown.with_columns((pl.col("day") + timedelta(weeks=weeks)).alias("day"))
        for weeks in range(1, SAME_WEEKDAYS + 1)
    )
    return (
        past.filter(pl.col("day").is_between(first, last) & (pl.col("known_on") <= pl.col("day")))
        .group_by(*_GROUP, "account_id")
        .agg(pl.len().alias("dates"))
        .filter(pl.col("dates") >= REGULAR_DATES)
    )


def _share_reached(regulars: pl.DataFrame, shown: pl.DataFrame, share: float) -> pl.DataFrame:
    """source, plan, day, needed, reached_on: when enough of the regular accounts had been seen."""
    # Floating point: 35 × 0.2 is a little more than 7, and 7 are enough.
    needed = (pl.len() * share - 1e-9).ceil().clip(lower_bound=1).cast(pl.Int64)
    arrivals = pl.col("known_on").sort(nulls_last=True)
    return (
        regulars.join(
            shown, on=[*_GROUP, "account_id"], how="left", nulls_equal=True, maintain_order="left"
        )
        .group_by(_GROUP)
        .agg(needed.alias("needed"), arrivals.get(needed - 1).alias("reached_on"))
    )


def delivered(
    source_days: pl.DataFrame,
    plans: pl.DataFrame,
    first: date,
    last: date,
    rules: ActivityRules,
) -> pl.DataFrame:
    """Which days each source delivered for each plan, and since when that is known.

    Args:
        source_days: `SOURCE_DAYS` rows of at least `first` − 28 days to `last`.
        plans: account_id, plan (null = unknown); one row an account.
        first: first day judged.
        last: last day judged; rows known later are ignored.
        rules: the share and the holidays.

    Returns:
        `DELIVERED`: one row for each source and plan that it ever showed, and each day.
    """
    shown = _planned(source_days.filter(pl.col("known_on") <= last), plans)
    days = pl.DataFrame({"day": days_between(first, last)}, schema={"day": pl.Date})
    holidays = [day for day in days["day"] if _is_holiday(day, rules)]
    anything = shown.group_by("source", "day").agg(pl.col("known_on").min().alias("anything_on"))
    reached = _share_reached(_regulars(shown, first, last), shown, rules.delivered_share)
    exempt = pl.col("needed").is_null() | pl.col("day").is_in(holidays)
    return (
        shown.select("source", "plan")
        .unique()
        .join(days, how="cross")
        .join(anything, on=["source", "day"], how="left")
        .join(reached, on=_GROUP, how="left", nulls_equal=True)
        .with_columns(
            pl.when(exempt).then("anything_on").otherwise("reached_on").alias("delivered_known_on")
        )
        .select(*DELIVERED)
        .sort(_GROUP, nulls_last=True)
    )


def last_delivered(
    judged: pl.DataFrame,
    source_days: pl.DataFrame,
    plans: pl.DataFrame,
    day: date,
    used: pl.Series | None = None,
) -> pl.DataFrame:
    """Up to which day each account's usage is known at the end of `day`.

    The least over the account's sources of the last day that each delivered. A source that has
    not shown the account for 90 days has nothing in any window, and is asked only where the
    account has no other. An account that no row of `source_days` shows any more is silent, not
    unknown: every source is asked for it.

    Args:
        judged: `delivered`, reaching as far back as an outage may last.
        source_days: `SOURCE_DAYS` rows, the same as were judged.
        plans: account_id, plan.
        day: the day D.
        used: accounts of which some source showed usage by D, however long ago.

    Returns:
        account_id, observed_on (null: no source of the account delivered any judged day).
    """
    known = source_days.filter((pl.col("known_on") <= day) & (pl.col("day") <= day))
    sources = known.group_by("source", "account_id").agg(pl.col("day").max().alias("shown_on"))
    recent = pl.col("shown_on") > day - timedelta(days=LONGEST_WINDOW)
    asked = sources.filter(recent | ~recent.any().over("account_id"))
    done = judged.filter((pl.col("delivered_known_on") <= day) & (pl.col("day") <= day))
    latest = done.group_by("source", "plan").agg(pl.col("day").max().alias("observed_on"))
    silent = pl.DataFrame({"account_id": [] if used is None else used}, {"account_id": pl.String})
    ends = done.group_by("source").agg(pl.col("day").max())["day"]
    alive = ends.filter(ends > day - timedelta(days=LONGEST_WINDOW))
    # One source without any delivered day makes the account's state unknown.
    least = pl.when(pl.col("observed_on").is_not_null().all()).then(pl.col("observed_on").min())
    return (
        asked.join(plans.select("account_id", "plan"), on="account_id", how="left")
        .join(latest, on=["source", "plan"], how="left", nulls_equal=True)
        .group_by("account_id")
        .agg(least.alias("observed_on"))
        .vstack(
            silent.unique()
            .join(sources, on="account_id", how="anti")
            .with_columns(pl.lit(alive.min(), pl.Date).alias("observed_on"))
        )
        .sort("account_id")
    )
