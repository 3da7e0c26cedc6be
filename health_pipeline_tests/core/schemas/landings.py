"""Rows as the file source hands them to landing, for its tests."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from health_pipeline.core.schemas.landing import land
from health_pipeline.core.schemas.sources import SOURCE_TABLES

FIRST, LATER = date(2024, 6, 1), date(2024, 6, 10)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows(table: str, *cells: dict) -> pl.DataFrame:
    """Rows as the file source gives them: what `cells` name, typed, with `origin` and `line`."""
    contract = SOURCE_TABLES[table]
    given_names = {name for row in cells for name in row} | set(contract.key)
    schema = {n: d for n, d in contract.schema.items() if n in given_names}
    given_cells = [{"source": "s", **row} for row in cells]
    typed = pl.DataFrame(given_cells, schema=schema).with_columns(origin=pl.lit(f"{table}.csv"))
    lines = pl.int_range(2, pl.len() + 2, dtype=pl.UInt32)
    return typed.with_columns(line=lines)


def account(key: str = "1", **cells) -> dict:
    return {"source_account_id": key, **cells}


def landed(table: str, new: pl.DataFrame, previous: pl.DataFrame | None, day: date) -> pl.DataFrame:
    return land(SOURCE_TABLES[table], new, previous, day)[0]
