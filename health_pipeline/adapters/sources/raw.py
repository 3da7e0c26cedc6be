"""What the readers of all formats share: rows before any mapping, and errors that name a file."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

LINE = "#line"
"""Line number in a text file, element of a JSON array, row of a Parquet file; from 1."""

ROW = "#row"
"""Position of a mapped row: several rows may come from one line."""


class SourceError(Exception):
    """A file cannot feed its table at all; the table's previous good landing stays in force."""

    def __init__(self, table: str, file: str, why: str) -> None:
        super().__init__(f"{table}: {file}: {why}")
        self.table = table
        self.file = file
        self.why = why


@dataclass(frozen=True, slots=True)
class Place:
    """The contract table being read, and the file (relative to the sources folder)."""

    table: str
    file: str

    def error(self, why: str) -> SourceError:
        """The error that names this place."""
        return SourceError(self.table, self.file, why)


@dataclass(frozen=True, slots=True)
class Raw:
    """One file before any mapping.

    Attributes:
        frame: `LINE` and those of the wanted columns that the file has.
        columns: every column that the file has.
        broken: rows that are no rows at all, as `LINE`, `rule`, `value`.
    """

    frame: pl.DataFrame
    columns: tuple[str, ...]
    broken: pl.DataFrame


def none_broken(place: str) -> pl.DataFrame:
    """No broken rows: the column `place` (`LINE` or `ROW`), `rule` and `value`."""
    return pl.DataFrame(schema={place: pl.UInt32, "rule": pl.String, "value": pl.String})
