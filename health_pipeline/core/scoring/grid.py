"""Many accounts and days as matrices (account × day), for rules that walk through the days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.schemas.account_days import places

Array = NDArray[Any]

EARLIER = ("account_id", "date", "score", "held_tier", "tier", "tier_since")
"""What is needed of the days before."""


@dataclass(frozen=True, slots=True)
class State:
    """What one day hands to the next, one element an account.

    Attributes:
        held, tier: codes of tiers, worst 0; -1 = none.
        since: first day of the current tier, in days since 1970.
        seen: column of the last row; very negative when there was none.
    """

    held: Array
    tier: Array
    since: Array
    seen: Array


@dataclass(frozen=True, slots=True)
class Grid:
    """Matrices over accounts and the days from `lead` days before the first one.

    Attributes:
        first_day: day of column 0, in days since 1970.
        days: the columns to work out.
        rows, columns: place of each input row; `columns` counts from the first of `days`.
        present: a row exists. score: NaN without one. by_score, cap: codes of tiers. hard, frozen:
            bool.
    """

    first_day: int
    days: range
    rows: Array
    columns: Array
    present: Array
    score: Array
    by_score: Array
    cap: Array
    hard: Array
    frozen: Array


def read_grid(
    raw: pl.DataFrame, previous: pl.DataFrame, names: Sequence[str], lead: int
) -> tuple[Grid, State]:
    """The rows of `raw` with the `lead` days of `previous` before them, and the state so far.

    Args:
        raw: as `tiers.hold` takes it, not empty.
        previous: as `tiers.hold` takes it.
        names: tiers in the order of their codes; the last is "unscored".
        lead: days of `previous` that count.
    """
    accounts = raw["account_id"].unique().sort()
    day = pl.col("date").to_physical()
    first_day = int(raw.select(day.min()).item()) - lead
    width = int(raw.select(day.max()).item()) - first_day + 1
    _, rows, columns = _placed(raw, accounts, first_day)
    earlier = previous.select(*EARLIER).filter(day.is_between(first_day, first_day + lead - 1))
    before, rows_before, columns_before = _placed(earlier, accounts, first_day)
    shape = (len(accounts), width)

    def matrix(column: Array, fill: Any) -> Array:
        full = np.full(shape, fill)
        full[rows, columns] = column
        return full

    score = matrix(_floats(raw), np.nan)
    score[rows_before, columns_before] = _floats(before)
    best = len(names) - 2
    grid = Grid(
        first_day=first_day,
        days=range(lead, width),
        rows=rows,
        columns=columns - lead,
        present=matrix(np.full(raw.height, True), False),
        score=score,
        by_score=matrix(_codes(raw["tier_by_score"], names, -1), -1),
        cap=matrix(_codes(raw["cap"], names, best), best),
        hard=matrix(raw["hard"].fill_null(False).to_numpy(), False),
        frozen=matrix(_flags(raw, "frozen"), False),
    )
    return grid, _state(before, rows_before, columns_before, names, shape[0])


def _placed(
    frame: pl.DataFrame, accounts: pl.Series, first_day: int
) -> tuple[pl.DataFrame, Array, Array]:
    """The rows of `accounts`, with the row and column of each in the matrices."""
    number = places(frame["account_id"], accounts)
    among = number.is_not_null()
    kept = frame if among.all() else frame.filter(among)
    columns = kept["date"].to_physical().to_numpy().astype(np.int64) - first_day
    return kept, number.drop_nulls().to_numpy().astype(np.int64), columns


def _state(
    before: pl.DataFrame, rows: Array, columns: Array, names: Sequence[str], accounts: int
) -> State:
    """The last row of each account."""
    held, tier, since = (np.full(accounts, -1) for _ in range(3))
    seen = np.full(accounts, np.iinfo(np.int64).min)
    np.maximum.at(seen, rows, columns)
    is_last = columns == seen[rows]
    last, of = before.filter(pl.Series(is_last)), rows[is_last]
    held[of] = _codes(last["held_tier"], names, -1)
    tier[of] = _codes(last["tier"], names, -1)
    since[of] = last["tier_since"].to_physical().to_numpy()
    return State(held, tier, since, seen)


def _flags(frame: pl.DataFrame, name: str) -> Array:
    """All false where there is no such column."""
    if name not in frame.columns:
        return np.zeros(frame.height, dtype=np.bool_)
    return frame[name].fill_null(value=False).to_numpy()


def _floats(frame: pl.DataFrame) -> Array:
    return frame["score"].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _codes(tiers: pl.Series, names: Sequence[str], none: int) -> Array:
    """Places in `names`, `none` for null."""
    return tiers.cast(pl.Enum(names)).to_physical().cast(pl.Int64).fill_null(none).to_numpy()
