"""How one column of a contract is written down, and which polars type carries it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date as day
from typing import Literal

import polars as pl

Kind = Literal["text", "timestamp", "date", "bool", "int", "double", "percent", "money"]

TIMESTAMP = pl.Datetime("us", "UTC")
MONEY = pl.Decimal(18, 2)

NO_DATE_BEFORE = day(1990, 1, 1)
"""What lies before is how a system writes that there is no date: 1900-01-01, 1970-01-01."""

POLARS_TYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "timestamp": TIMESTAMP,
    "date": pl.Date(),
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "double": pl.Float64(),
    "percent": pl.Float64(),
    "money": MONEY,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a source table.

    Attributes:
        name: exact name of the contract.
        kind: its type, see `POLARS_TYPES`.
        required: a row without it is quarantined.
        allowed: the closed list of values, empty when open.
        low, high: inclusive bounds of a number, None when open.
        form: the regular expression that all of a text keeps, empty when open.
        any_age: a date before `NO_DATE_BEFORE` is one.
        happened: a date on which something happened. As of day D it is null when it lies after D.
            Planned dates (due_on, renews_on, close_on) are known in advance and stay.
        outcome: undated; in a single-version row it counts from the row's last `happened` date.
        ends: the date from which on the row is no more. As of a later day it is as if it had never
            been.
    """

    name: str
    kind: Kind
    required: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    happened: bool = False
    outcome: bool = False
    ends: bool = False
    form: str = ""
    any_age: bool = False

    @property
    def dtype(self) -> pl.DataType:
        """The polars type that carries this column."""
        return POLARS_TYPES[self.kind]


def _maker(kind: Kind) -> Callable[..., Column]:
    def make(
        name: str,
        *,
        required: bool = False,
        allowed: tuple[str, ...] = (),
        low: float | None = None,
        high: float | None = None,
        happened: bool = False,
        outcome: bool = False,
        ends: bool = False,
    ) -> Column:
        return Column(name, kind, required, allowed, low, high, happened, outcome, ends)

    return make


text = _maker("text")
timestamp = _maker("timestamp")
date = _maker("date")
boolean = _maker("bool")
integer = _maker("int")
double = _maker("double")
money = _maker("money")


def formed(name: str, form: str) -> Column:
    """A required text, all of which keeps the regular expression `form`."""
    return Column(name, "text", required=True, form=form)


def of_any_age(column: Column) -> Column:
    """`column`, whose dates before `NO_DATE_BEFORE` are believed."""
    return replace(column, any_age=True)


def percent(name: str) -> Column:
    """A percentage, 0 to 100."""
    return Column(name, "percent", low=0.0, high=100.0)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One table that users hand in (contracts.md, "Hand in").

    Attributes:
        name: exact name of the contract.
        key: columns that name a record; rows of one key are versions of it.
        columns: all columns, key included, in the order of the contract.
        own_first: columns whose earliest non-null value is the row's own first date, used for
            `known_at` where the source cannot tell.
        rolled_up: what a run has counted of it stands, so that no row becomes known before the run
            that lands it.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    own_first: tuple[str, ...] = ()
    rolled_up: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in contract order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which a row is quarantined."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Polars schema of the whole table."""
        return {column.name: column.dtype for column in self.columns}

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError when the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")
