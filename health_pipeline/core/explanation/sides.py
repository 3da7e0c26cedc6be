"""What signals say on many days, as arrays: a row a scored account and day, a column a signal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

KEY = ("account_id", "date")
FIGURES = ("weight", "subscore", "reference", "value")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of comparisons: rows × signals, NaN where a signal does not speak."""

    weight: Floats
    subscore: Floats
    reference: Floats
    value: Floats

    def of(self, rows: Places) -> Side:
        """The figures of these rows."""
        return Side(*(getattr(self, name)[rows] for name in FIGURES))


@dataclass(frozen=True, slots=True)
class Sides:
    """All scored accounts and days that comparisons ask for.

    Attributes:
        signals: names of the columns, ascending.
        keys: `account_id`, `date` of the rows, each once.
        figures: rows × signals, and one last row more in which nothing speaks.
    """

    signals: list[str]
    keys: pl.DataFrame
    figures: Side

    def rows(self, keys: pl.DataFrame) -> Places:
        """The row of each of `keys` (account, day); of one that is not there the last, silent."""
        known = self.keys.with_row_index("row")
        names = keys.columns
        found = keys.join(known, left_on=names, right_on=KEY, how="left", maintain_order="left")
        return found["row"].cast(pl.Int64).fill_null(self.keys.height).to_numpy()

    def at(self, rows: Places) -> Side:
        """The figures of these rows."""
        return self.figures.of(rows)


def sides(drivers: pl.DataFrame, also: Iterable[str] = ()) -> Sides:
    """`drivers` (`account_id`, `date`, `signal`, `FIGURES`) as arrays; weight 0 does not speak.

    `also`: signals that have a column even where none speaks. Numpy adds up a row by groups of
    columns, so that the last digit would depend on who speaks elsewhere, on other days of a range.
    """
    speaking = drivers.filter(pl.col("weight") > 0)
    starts = _starts(speaking)
    keys = speaking.select(KEY).filter(starts)
    if keys.is_duplicated().any():
        return sides(speaking.sort(KEY), also)
    rows = starts.cast(pl.Int64).cum_sum().to_numpy() - 1
    signals = sorted({*speaking["signal"].unique(), *also})
    columns = speaking["signal"].cast(pl.Enum(signals)).to_physical().to_numpy()
    shape = (keys.height + 1, len(signals))
    figures = (_cells(speaking[name], rows, columns, shape) for name in FIGURES)
    return Sides(signals, keys, Side(*figures))


def _starts(frame: pl.DataFrame) -> pl.Series:
    """Whether a row has another account or day than the row above: far cheaper than grouping."""
    other = [pl.col(name).ne_missing(pl.col(name).shift()) for name in KEY]
    return frame.select(pl.any_horizontal(other).alias("starts"))["starts"]


def _cells(
    figure: pl.Series, rows: Places, columns: NDArray[np.uint32], shape: Sequence[int]
) -> Floats:
    """The figures in their places; one of which nothing is known takes no room."""
    if figure.null_count() == len(figure):
        return np.broadcast_to(np.nan, shape)
    cells = np.full(shape, np.nan)
    cells[rows, columns] = figure.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return cells
