"""The resolved source mappings (sources.yaml): how files of any shape become contract tables."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field

from health_pipeline.adapters.engines.params import SparkConfig
from health_pipeline.core.schemas.base import Frozen

ELSE = "*"
"""Key of `ColumnMap.values` that stands for every value that is not listed."""


class Lookup(Frozen):
    """Takes a value from another file of the same folder.

    Attributes:
        table: stem of that file.
        key: its column that matches the raw value of `ColumnMap.from_`.
        value: its column whose value is taken; no match gives null.
    """

    table: str
    key: str
    value: str


class Plus(Frozen):
    """Adds a duration in `unit`: the number in raw column `column` (none gives null), or `amount`.

    Exactly one of the two is given (config checks it).
    """

    column: str | None = None
    amount: float | None = None
    unit: Literal["seconds", "minutes", "hours", "days"]


class ColumnMap(Frozen):
    """How one contract column is made; applied in the order of the attributes.

    Attributes:
        from_: raw column (key `from` in YAML).
        join: further raw columns; the values are written one after the other with a "/" between,
            and give null where one of them is null (an id of several columns).
        constant: the value of every row, in place of `from`.
        lookup: the raw value is a key into another file.
        when: raw column → values; in rows where any of them has another value, the result is null.
        values: raw value → value; `ELSE` catches the rest, which otherwise passes unchanged.
        prefix: text put before a value that is not null.
        decimal: the sign before the fraction of a number; others between groups of three digits
            are dropped. Null: numbers are written without groups, with a point.
        scale: factor of a number (0.01 = cents to units).
        formats: strptime formats of a date or timestamp, tried in order; empty = ISO 8601
            (key `format` in YAML: one text or a list).
        zone: IANA zone of timestamps that carry none; null = UTC.
        plus: a duration added to a date or timestamp ("answered 74 minutes after it was opened").
    """

    model_config = ConfigDict(populate_by_name=True)

    from_: str | None = Field(default=None, alias="from")
    join: tuple[str, ...] = ()
    constant: str | int | float | bool | None = None
    lookup: Lookup | None = None
    when: dict[str, tuple[str, ...]] = {}
    values: dict[str, str] = {}
    prefix: str | None = None
    decimal: Literal[",", "."] | None = None
    scale: float | None = None
    formats: tuple[str, ...] = Field(default=(), alias="format")
    zone: str | None = None
    plus: Plus | None = None


class TableMap(Frozen):
    """One file (or folder of files) that feeds a contract table.

    Attributes:
        file: stem of the file or folder in the sources folder; null = the table's own name.
        columns: contract column → how it is made. A contract column that is not listed is taken
            from the raw column of its own name, if the file has one.
        where: raw column → values; only rows that have one of them, in each, are kept.
        encoding, delimiter: of a CSV file.
        array: a JSON file holds one array in place of a row a line.
        each: raw column that holds a list; every element of it makes a row of its own.
    """

    file: str | None = None
    columns: dict[str, ColumnMap] = {}
    where: dict[str, tuple[str, ...]] = {}
    encoding: str = "utf-8"
    delimiter: str = ","
    array: bool = False
    each: str | None = None


class SourcesConfig(Frozen):
    """What is read, from which day on, and when a landing is too poor to go on.

    Attributes:
        tables: contract table → the files that feed it. A table that is not listed is read as it
            stands, if the folder holds a file of its name.
        history_start: the first day of the lake.
        freshness_hours: a source older than this is reported as late.
        max_quarantine_share: a landing of which a larger share (0–1) is quarantined fails; null =
            never.
        engine: what rolls events up; both give the same tables, so the model's fingerprint leaves
            it out.
        spark: the cluster of `engine: spark`.
    """

    tables: dict[str, tuple[TableMap, ...]] = {}
    history_start: date
    freshness_hours: float = Field(default=36.0, gt=0)
    max_quarantine_share: float | None = Field(default=None, ge=0, le=1)
    engine: Literal["duckdb", "spark"] = Field(default="duckdb", exclude=True)
    spark: SparkConfig = Field(default=SparkConfig(), exclude=True)
