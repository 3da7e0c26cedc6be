"""From rows to frames of the contract, and the cut at the end of the last day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl

from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import end_of


def frame(name: str, rows: list[dict[str, Any]], absent: Iterable[str] = ()) -> pl.DataFrame:
    """Rows as a frame of table `name`: contract order and types, without the `absent` columns.

    Keys that a row lacks are null; a key unknown to the contract raises KeyError. No system of the
    sample deletes rows for good, so that none has a column for it.
    """
    table = SOURCE_TABLES[name]
    for row in rows[:1]:
        for key in row:
            table.column(key)
    left_out = {*absent, *(c.name for c in table.columns if c.ends)}
    schema = {c: t for c, t in table.schema.items() if c not in left_out}
    exact = {c: pl.Float64() if isinstance(t, pl.Decimal) else t for c, t in schema.items()}
    return pl.DataFrame(rows, schema=exact).cast(dict(schema))  # type: ignore[arg-type]


def cut(name: str, rows: pl.DataFrame, end: date) -> pl.DataFrame:
    """What of `rows` was known at the end of `end`, sorted by key and version (events by arrival).

    Rows first known (or arrived) later are gone; things that happen later are null. A row without
    `known_at` is known from its own first date.
    """
    table = SOURCE_TABLES[name]
    known = rows
    for column in ("known_at", "received_at", *table.own_first):
        if column in known.columns:
            in_time = pl.col(column) <= _limit(known, column, end)
            known = known.filter(pl.col(column).is_null() | in_time)
    past = [
        pl.when(pl.col(c.name) <= _limit(known, c.name, end)).then(pl.col(c.name)).alias(c.name)
        for c in table.columns
        if c.happened and c.name in known.columns
    ]
    order = [c for c in ("received_at", *table.key, "known_at") if c in known.columns]
    return known.with_columns(past).sort(order, maintain_order=True)


def _limit(rows: pl.DataFrame, column: str, end: date) -> pl.Expr:
    dtype = rows.schema[column]
    return pl.lit(end) if dtype == pl.Date else pl.lit(end_of(end)).cast(dtype)
