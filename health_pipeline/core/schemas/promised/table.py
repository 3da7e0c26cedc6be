"""What a promised table is, and the types of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

TEXT, DAY, INT, REAL, BOOL = pl.String(), pl.Date(), pl.Int64(), pl.Float64(), pl.Boolean()


@dataclass(frozen=True, slots=True)
class ResultTable:
    """One promised table.

    Attributes:
        name: folder in the lake and view in health.duckdb.
        columns: name → polars type, in order.
        daily: True when stored in one `date=` partition a day.
        key: columns that name a row.
        open_key: those of `key` that may be null.
    """

    name: str
    columns: dict[str, pl.DataType]
    key: tuple[str, ...]
    daily: bool = False
    open_key: tuple[str, ...] = ()

    def empty(self) -> pl.DataFrame:
        """A frame of this shape without rows."""
        return pl.DataFrame(schema=self.columns)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` in exactly this shape: selected, cast, sorted by key, the day first."""
        shaped = frame.select(pl.col(name).cast(dtype) for name, dtype in self.columns.items())
        first = ("date",) if self.daily else ()
        order = (*first, *(name for name in self.key if name not in first))
        return shaped if _rises(shaped, order) else shaped.sort(order, nulls_last=True)


def _rises(frame: pl.DataFrame, order: Sequence[str]) -> bool:
    """Whether no row stands below one that it comes before: far cheaper to see than to sort."""
    rises, same = pl.lit(value=False), pl.lit(value=True)
    for name in order:
        column = pl.col(name)
        rises |= same & (column > column.shift())
        same &= column == column.shift()
    return bool(frame.select((rises | same).slice(1).all(ignore_nulls=False)).item())
