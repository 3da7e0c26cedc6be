"""The law of time: as of day D counts what was known, and had happened, by the end of UTC day D."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from health_pipeline.core.schemas.columns import SourceTable

KNOWN_SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""`known_at` of a row of the first landing that carries no date of its own."""


def end_of(day: date) -> datetime:
    """The last microsecond of UTC `day`."""
    return datetime.combine(day, time.max, tzinfo=UTC)


def days_between(first: date, last: date) -> list[date]:
    """All days from `first` to `last`, both included; empty when `last` is before `first`."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def day_number(day: date) -> int:
    """Days since 1970-01-01, as polars counts them."""
    return day.toordinal() - KNOWN_SINCE_EVER.toordinal()


def _has_happened(name: str, dtype: pl.DataType, day: date) -> pl.Expr:
    limit = pl.lit(day) if dtype == pl.Date else pl.lit(end_of(day)).cast(dtype)
    return pl.col(name) <= limit


def as_of(table: SourceTable, versions: pl.DataFrame, day: date) -> pl.DataFrame:
    """The rows of `table` in force at the end of `day` (contracts.md, on versions).

    Args:
        table: the contract of the rows.
        versions: landed rows, with `known_at` never null and `known_assumed` (True where known_at
            was inferred from the row's own first date); extra columns pass through.
        day: the day D.

    Returns:
        One row a key: the latest with `known_at` ≤ end of D; of equal known_at the last in order.
        Events that happened after D are null; undated outcomes of a single-version row whose
        known_at was assumed are null until its last dated event.
    """
    known = versions.filter(pl.col("known_at") <= pl.lit(end_of(day)))
    for name in table.own_first:
        if name in known.columns:
            happened = _has_happened(name, known.schema[name], day)
            known = known.filter(pl.col(name).is_null() | happened)
    latest = known.sort("known_at", maintain_order=True).unique(
        subset=list(table.key), keep="last", maintain_order=True
    )
    return _hide_future(table, latest, day)


def _hide_future(table: SourceTable, rows: pl.DataFrame, day: date) -> pl.DataFrame:
    dated = [c for c in table.columns if c.happened and c.name in rows.columns]
    if not dated:
        return rows
    past = {c.name: _has_happened(c.name, rows.schema[c.name], day) for c in dated}
    settled = pl.all_horizontal(pl.col(name).is_null() | ok for name, ok in past.items())
    outcomes = [c.name for c in table.columns if c.outcome and c.name in rows.columns]
    return rows.with_columns(
        *(pl.when(ok).then(pl.col(name)).alias(name) for name, ok in past.items()),
        *(
            pl.when(settled | ~pl.col("known_assumed")).then(pl.col(name)).alias(name)
            for name in outcomes
        ),
    )
