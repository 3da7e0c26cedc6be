"""Exact distinct counts and sums over sliding windows, for all days of a range in one pass.

A user-day that became known on k counts on the days [max(day, k), day + W). Of one user the union
of these spells is counted: +1 where it begins, −1 where it ends, then a running sum over the days
(docs/architecture.md). No row is exploded, and the work does not grow with W.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from health_pipeline.core.activity.grid import Flags, Grid, Ints, Spells
from health_pipeline.core.schemas.day import WINDOW_COLUMNS
from health_pipeline.core.schemas.time import days_between

LONGEST = 90
"""Days of the longest window: activity before `first` − 90 days changes no window."""

NEVER = np.iinfo(np.int64).max

FIRST_ACTIVE: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "known_on": pl.Date(),
    "first_active_on": pl.Date(),
    "has_user": pl.Boolean(),
}
"""Since known_on it is known that the account was first active on first_active_on, and whether
any activity had a user; a further row wherever that changed."""


def first_active(activity: pl.DataFrame, earlier: pl.DataFrame | None = None) -> pl.DataFrame:
    """When each account was first active, as known over time, in the shape of `FIRST_ACTIVE`.

    Args:
        activity: `ACTIVITY` rows.
        earlier: the answer for other rows, to be merged.
    """
    rows = activity.select(
        "account_id",
        pl.max_horizontal("day", "known_on").alias("known_on"),
        pl.col("day").alias("first_active_on"),
        pl.col("user_id").is_not_null().alias("has_user"),
    )
    changed = [
        pl.col(name).ne_missing(pl.col(name).shift(1).over("account_id"))
        for name in ("first_active_on", "has_user")
    ]
    return (
        pl.concat([rows, earlier.select(*FIRST_ACTIVE)] if earlier is not None else [rows])
        .group_by("account_id", "known_on")
        .agg(pl.col("first_active_on").min(), pl.col("has_user").any())
        .sort("account_id", "known_on")
        .with_columns(
            pl.col("first_active_on").cum_min().over("account_id"),
            pl.col("has_user").cast(pl.Int8).cum_max().over("account_id").cast(pl.Boolean),
        )
        .filter(changed[0] | changed[1])
    )


def _day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _starts(seen: pl.DataFrame, accounts: pl.Series) -> tuple[Ints, Ints]:
    """First known day of each account, and first day known to have a user; `NEVER` if none."""
    known = pl.col("known_on").to_physical().cast(pl.Int64)
    firsts = accounts.to_frame().join(
        seen.group_by("account_id").agg(
            known.min().alias("any"), known.filter("has_user").min().alias("user")
        ),
        on="account_id",
        how="left",
        maintain_order="left",
    )
    return firsts["any"].fill_null(NEVER).to_numpy(), firsts["user"].fill_null(NEVER).to_numpy()


@dataclass(frozen=True, slots=True)
class _Rows:
    """Activity as sorted arrays: one owner (by `key`) after the other, in order of start."""

    account: Ints
    owner: Ints
    start: Ints
    day: Ints
    events: Ints
    core_events: Ints
    features: Ints

    @classmethod
    def of(cls, rows: pl.DataFrame, *key: str) -> _Rows:
        """Sort `rows` by account, `key` and start, and number the owners."""
        rows = rows.sort("account", *key, "start")
        account = rows["account"].to_numpy()
        new = np.zeros(len(account), dtype=np.bool_)
        for name in ("account", *key):
            values = rows[name].to_numpy()
            new[1:] |= values[1:] != values[:-1]
        numbers = (
            rows[n].to_numpy() for n in ("start", "day", "events", "core_events", "features")
        )
        return cls(account, np.cumsum(new, dtype=np.int64), *numbers)

    def spells(self, days: int) -> Spells:
        """When each row lies in a window of `days`."""
        return Spells(self.account, self.owner, self.start, self.day + days)


def _prepared(activity: pl.DataFrame, accounts: pl.Series, first: date) -> pl.DataFrame:
    """Rows that can lie in a window from `first` on; accounts and users as numbers."""
    number = pl.int_range(pl.len(), dtype=pl.Int64).alias("account")
    return (
        activity.filter(pl.col("day") > first - timedelta(days=LONGEST))
        .join(accounts.to_frame().with_columns(number), on="account_id")
        .select(
            "account",
            pl.col("user_id").rank("dense").cast(pl.Int64).alias("user"),
            pl.max_horizontal("day", "known_on").to_physical().cast(pl.Int64).alias("start"),
            pl.col("day").to_physical().cast(pl.Int64),
            "events",
            "core_events",
            "features",
        )
    )


def _features(grid: Grid, rows: pl.DataFrame, days: int) -> Ints:
    """Bit mask of the features used within `days`, on each day of the grid."""
    used = _Rows.of(
        rows.group_by("account", "day", "start").agg(
            pl.col("features").bitwise_or(), pl.col("events", "core_events").sum()
        )
    )
    spells, mask = used.spells(days), np.zeros((grid.accounts, grid.days), dtype=np.int64)
    for bit in range(63):
        has_bit: Flags = (used.features >> bit) & 1 == 1
        if has_bit.any():
            mask |= grid.counts(spells.where(has_bit)) << bit
    return mask


def _columns(grid: Grid, rows: pl.DataFrame) -> dict[str, Ints]:
    """Every column of `WINDOW_COLUMNS`, accounts × days."""
    users = _Rows.of(rows.drop_nulls("user"), "user")
    whole, by_day = _Rows.of(rows), _Rows.of(rows, "day")
    core = users.core_events > 0
    return {
        **{f"active_users_{days}d": grid.counts(users.spells(days)) for days in (7, 30, LONGEST)},
        "core_users_30d": grid.counts(users.spells(30).where(core)),
        "events_7d": grid.sums(whole.spells(7), whole.events),
        "events_30d": grid.sums(whole.spells(30), whole.events),
        "core_events_30d": grid.sums(whole.spells(30), whole.core_events),
        "active_days_30d": grid.counts(by_day.spells(30)),
        "features_30d": _features(grid, rows, 30),
    }


def _known_earlier(frame: pl.DataFrame, day: str, lag: int) -> pl.DataFrame:
    """`frame` as if all had become known `lag` days earlier, yet not before `day`."""
    known = pl.max_horizontal(day, pl.col("known_on") - timedelta(days=lag))
    return frame.with_columns(known.alias("known_on"))


def windows(
    activity: pl.DataFrame,
    first: date,
    last: date,
    seen: pl.DataFrame | None = None,
    lag: int = 0,
) -> pl.DataFrame:
    """`WINDOW_COLUMNS` of every account on each day from `first` to `last`, both included.

    Each day sees only what was known by its end. An account appears from the first day on which
    any of its activity was known, with zeros when it is quiet. Distinct users are null as long as
    no activity of the account had a user.

    Args:
        activity: `ACTIVITY` rows of at least `first` − 90 days to `last`.
        first: first day.
        last: last day.
        seen: `first_active` of all history, where `activity` does not hold all of it.
        lag: each day sees what was known by the end of the day this many days after it.

    Returns:
        account_id, date and `WINDOW_COLUMNS`, sorted.
    """
    known = _known_earlier(activity, "day", lag).filter(
        (pl.col("known_on") <= last) & (pl.col("day") <= last)
    )
    earlier = _known_earlier(seen, "first_active_on", lag) if seen is not None else None
    history = first_active(known, earlier).filter(pl.col("known_on") <= last)
    accounts = history["account_id"].unique().sort()
    days = days_between(first, last)
    grid = Grid(len(accounts), _day_number(first), len(days))
    columns = _columns(grid, _prepared(known, accounts, first))
    any_known, user_known = _starts(history, accounts)
    day_numbers = grid.first + np.arange(grid.days)
    frame = pl.DataFrame(
        {
            "account_id": accounts.gather(np.repeat(np.arange(grid.accounts), grid.days)),
            "date": pl.Series(days, dtype=pl.Date).gather(
                np.tile(np.arange(grid.days), grid.accounts)
            ),
            **{name: columns[name].ravel() for name in WINDOW_COLUMNS},
            "known": (day_numbers >= any_known[:, None]).ravel(),
            "has_user": (day_numbers >= user_known[:, None]).ravel(),
        }
    )
    return frame.filter("known").select(
        "account_id",
        "date",
        *(
            pl.when("has_user").then(name).alias(name) if "users" in name else pl.col(name)
            for name in WINDOW_COLUMNS
        ),
    )
