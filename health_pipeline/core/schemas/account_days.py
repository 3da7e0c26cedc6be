"""Rows of an account and day, and of its signals, found by number instead of by name.

A day of many accounts has millions of values: joining and grouping them by three texts costs more
than every formula on them. So the long frame is put in order once, and each row then knows the
number of its account and day and of its signal; what belongs to those is looked up.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

KEY = ("account_id", "date")
ORDER = ("date", "account_id")
"""How rows stand: a day after the other, as they are published, so that a day is a slice."""

NUMBER = pl.UInt32()
"""Of an account: its place in the sorted list of all ids."""

Array = NDArray[Any]


@dataclass(frozen=True)
class SignalRows:
    """A long frame in the order of date, account and signal; rows may be missing or double.

    Attributes:
        frame: the rows.
        days: `account_id`, `date`: those that have a row, once each, in order.
        day: place in `days` of each row.
        names: the signals that have a row, in order.
        signal: place in `names` of each row.
        regular: each of `days` has each of `names`, once.
    """

    frame: pl.DataFrame
    days: pl.DataFrame
    day: Array
    names: list[str]
    signal: Array
    regular: bool = False

    def total(self, figures: Array) -> Array:
        """The sum of one figure a row (no NaN) over each of `days`, in the order of the rows."""
        return np.bincount(self.day, weights=figures, minlength=self.days.height)

    def any(self, tests: Array) -> Array:
        """Whether a test is true of any row of each of `days`."""
        return np.bincount(self.day[tests], minlength=self.days.height) > 0

    def of(self, signals: Collection[str]) -> Array:
        """The rows of `signals`, one signal after the other, in the order of `names`."""
        wanted = [self._rows[n] for n, name in enumerate(self.names) if name in signals]
        return np.concatenate(wanted) if wanted else np.empty(0, np.intp)

    @cached_property
    def _rows(self) -> list[Array]:
        """The rows of each of `names`."""
        if self.regular:  # nothing to sort
            return list(np.arange(len(self.signal)).reshape(-1, len(self.names)).T)
        order = np.argsort(self.signal, kind="stable")
        return np.split(order, np.bincount(self.signal, minlength=len(self.names)).cumsum())

    @cached_property
    def measured(self) -> Array:
        """Whether the status says so, for each row."""
        return (self.frame["status"] == "measured").fill_null(value=False).to_numpy()

    @cached_property
    def subscore(self) -> Array:
        """For each row; NaN where there is none."""
        return self.numbers("subscore")

    @cached_property
    def value(self) -> Array:
        """For each row; NaN where there is none."""
        return self.numbers("value")

    def numbers(self, column: str) -> Array:
        """A column as floats; NaN for null."""
        return self.frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy()


@dataclass(frozen=True, slots=True)
class Cells:
    """What is said of each signal, and of each signal in each segment; a few hundred cells.

    Attributes:
        frame: the cells: `segment`, `signal` and what is said.
        at: the cell of each row of a long frame.
    """

    frame: pl.DataFrame
    at: Array

    def figures(self, column: str) -> Array:
        """A column as floats; NaN where nothing is said."""
        return self.frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy()

    def numbers(self, column: str) -> Array:
        """A column for each row as floats; NaN where nothing is said."""
        return np.asarray(self.figures(column)[self.at])

    def texts(self, column: str) -> pl.Series:
        """A column for each row."""
        return self.frame[column][self.at]

    def lacks(self, column: str) -> Array:
        """Whether nothing is said, for each row."""
        return np.asarray(self.frame[column].is_null().to_numpy()[self.at])


def signal_rows(signals: pl.DataFrame | SignalRows) -> SignalRows:
    """`signals` (`account_id`, `date`, `signal` and others, in any order) with its numbers."""
    if isinstance(signals, SignalRows):
        return signals
    signals = signals.rechunk()  # rows are looked at and gathered several times faster so
    return _regular(signals) or _numbered(signals)


def _regular(signals: pl.DataFrame) -> SignalRows | None:
    """Rows in order, of accounts and days that all have the same signals: nothing is searched."""
    if signals.is_empty():
        return None
    names = signals["signal"].head(_period(signals["signal"]))
    begins = _begins(signals)
    firsts = begins.gather_every(len(names))
    if begins.sum() != len(firsts) or not firsts.all() or (names <= names.shift()).any():
        return None
    days = signals.select(KEY).gather_every(len(names))
    if not _rises(days):
        return None
    day = np.repeat(np.arange(days.height), len(names))
    signal = np.tile(np.arange(len(names)), days.height)
    return SignalRows(signals, days, day, names.to_list(), signal, regular=True)


def _numbered(signals: pl.DataFrame) -> SignalRows:
    names = signals["signal"].unique().sort()
    signal = signals["signal"].cast(pl.Enum(names)).to_physical().to_numpy()
    begins = _begins(signals)
    days, number = _in_order(signals.select(KEY).filter(begins))
    day = number[_numbers(begins)]
    order = day * len(names) + signal
    if (order[1:] < order[:-1]).any():
        rank = np.argsort(order, kind="stable")
        signals, day, signal = signals[rank], day[rank], signal[rank]
    return SignalRows(signals, days, day, names.to_list(), signal)


def _in_order(days: pl.DataFrame) -> tuple[pl.DataFrame, Array]:
    """Distinct `days` in order, and the place there of each one given."""
    if _rises(days):
        return days, np.arange(days.height)
    sorted_days = days.with_row_index("given").sort(ORDER)
    begins = _begins(sorted_days)
    number = np.empty(days.height, dtype=np.int64)
    number[sorted_days["given"].to_numpy()] = _numbers(begins)
    return sorted_days.filter(begins).select(KEY), number


def _rises(days: pl.DataFrame) -> bool:
    """Whether each row is of a later day, or a later account of the same, than the one above."""
    date, account = (pl.col(name) for name in ORDER)
    rises = (date > date.shift()) | ((date == date.shift()) & (account > account.shift()))
    return bool(days.select(rises.fill_null(False).slice(1).all()).item())


def by_day_account(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` (one row an account and day) in their order; untouched if it is already."""
    return frame if _rises(frame) else frame.sort(ORDER)


def beside(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """`left` with the columns of `right` (one row an account and day); null where it has no row.

    The rows of one run mostly stand in the same order already; then nothing is searched for.
    """
    if left.select(KEY).equals(right.select(KEY)):
        return pl.concat([left, right.drop(KEY)], how="horizontal")
    return left.join(right, on=KEY, how="left", maintain_order="left")


def looked_up(
    rows: SignalRows, segments: pl.DataFrame, known: pl.DataFrame, normal: pl.DataFrame
) -> Cells:
    """What is said of the signal of each row, and of that signal in the segment of its account.

    Args:
        rows: the long frame.
        segments: `account_id`, `date`, `segment`.
        known: one row a `signal`.
        normal: one row a `segment` and `signal`.

    Returns:
        Cells with the columns of `known` and `normal`, null where nothing is said; `segment` is
        null for an account without one.
    """
    of_day = beside(rows.days, segments.select(*KEY, "segment"))["segment"]
    every = of_day.unique()
    cells = (
        every.to_frame("segment")
        .join(pl.DataFrame({"signal": rows.names}, schema={"signal": pl.String}), how="cross")
        .join(known, on="signal", how="left", maintain_order="left")
        .join(normal, on=["segment", "signal"], how="left", maintain_order="left")
    )
    number = of_day.replace_strict(every, np.arange(len(every)), return_dtype=pl.Int64).to_numpy()
    at = number.astype(np.int64)[rows.day] * len(rows.names) + rows.signal
    return Cells(cells, at)


def places(keys: pl.Series, ids: pl.Series) -> pl.Series:
    """The place of each of `keys` in `ids` (distinct texts) as `NUMBER`; null where it has none.

    Days mostly hold the same accounts in the same order: only the first of them is searched for.
    """
    size = _period(keys)
    first = keys.head(size)
    if first.equals(ids):
        found = pl.int_range(size, dtype=NUMBER, eager=True)
    else:
        found = first.cast(pl.Enum(ids), strict=False).to_physical().cast(NUMBER)
    whole = found if size == len(keys) else found.gather(np.arange(len(keys)) % size)
    return whole.alias(keys.name)


def _period(keys: pl.Series) -> int:
    """After how many rows `keys` begin anew and repeat throughout; else the number of them."""
    if keys.is_empty():
        return 0
    again = (keys == keys[0]).arg_true()
    size = int(again[1]) if len(again) > 1 else len(keys)
    repeats = len(keys) % size == 0 and keys.slice(size).equals(keys.head(len(keys) - size))
    return size if repeats else len(keys)


def _begins(frame: pl.DataFrame) -> pl.Series:
    """Whether a row is of another account or day than the row above."""
    same = [pl.col(name) == pl.col(name).shift() for name in KEY]
    return frame.select(~pl.all_horizontal(same).fill_null(False).alias("begins")).to_series()


def _numbers(begins: pl.Series) -> Array:
    return begins.cum_sum().cast(pl.Int64).to_numpy() - 1
