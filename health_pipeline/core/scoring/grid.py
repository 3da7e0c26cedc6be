"""Many accounts and days as matrices (account × day), for rules that walk through the days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[Any]


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
        present: a row exists. score: NaN without one. by_score, cap: codes of tiers. hard: bool.
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
    accounts = pl.Enum(raw["account_id"].unique().sort())
    day = pl.col("date").to_physical()
    first_day = int(raw.select(day.min()).item()) - lead
    width = int(raw.select(day.max()).item()) - first_day + 1
    before = previous.filter(
        day.is_between(first_day, first_day + lead - 1)
        & pl.col("account_id").is_in(accounts.categories.implode())
    ).sort("date")
    shape = (len(accounts.categories), width)
    rows, columns = _places(raw, accounts, first_day)
    earlier = _places(before, accounts, first_day)

    def matrix(column: Array, fill: Any) -> Array:
        full = np.full(shape, fill)
        full[rows, columns] = column
        return full

    score = matrix(_floats(raw), np.nan)
    score[earlier] = _floats(before)
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
    )
    return grid, _state(before, earlier, names, shape[0])


def _state(
    before: pl.DataFrame, places: tuple[Array, Array], names: Sequence[str], accounts: int
) -> State:
    """The last row of each account; `before` is sorted by date, so that later rows overwrite."""
    rows, columns = places
    held, tier, since = (np.full(accounts, -1) for _ in range(3))
    seen = np.full(accounts, np.iinfo(np.int64).min)
    held[rows] = _codes(before["held_tier"], names, -1)
    tier[rows] = _codes(before["tier"], names, -1)
    since[rows] = before["tier_since"].to_physical().to_numpy()
    seen[rows] = columns
    return State(held, tier, since, seen)


def _places(frame: pl.DataFrame, accounts: pl.Enum, first_day: int) -> tuple[Array, Array]:
    rows = frame["account_id"].cast(accounts).to_physical().to_numpy().astype(np.int64)
    return rows, frame["date"].to_physical().to_numpy().astype(np.int64) - first_day


def _floats(frame: pl.DataFrame) -> Array:
    return frame["score"].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _codes(tiers: pl.Series, names: Sequence[str], none: int) -> Array:
    codes = {name: code for code, name in enumerate(names)}
    return (
        tiers.cast(pl.String)
        .replace_strict({**codes, None: none}, return_dtype=pl.Int64)
        .to_numpy()
    )
