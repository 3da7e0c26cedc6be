"""Rows of a rolled-up table that say they were known before the run that lands them."""

from __future__ import annotations

from datetime import date

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP, SourceTable
from health_pipeline.core.schemas.time import start_of


def without_past(
    table: SourceTable, stamped: pl.DataFrame, old: pl.DataFrame, first: date
) -> pl.DataFrame:
    """`stamped`, known from the start of `first` on where it says earlier, like late events.

    What was counted up to the day before stands, so that an earlier time would count nowhere. Of
    several such rows of a key the latest is the state; one that has landed says nothing new. One
    that a later version has overruled already stays what it says: it is history, and changes no
    state.

    Args:
        table: the contract.
        stamped: rows with `known_at`, and `inferred`: whether the source left it open.
        old: the versions that have landed.
        first: first day of the run.
    """
    start, said = pl.lit(start_of(first)).cast(TIMESTAMP), pl.col("known_at")
    is_late = stamped.select(~pl.col("inferred") & (said < start)).to_series()
    if not is_late.any():
        return stamped
    late = is_late & ~_overruled(table, stamped, old)
    cells = [name for name in table.names if name in stamped.columns and name != "known_at"]
    absent = [pl.lit(None, stamped.schema[n]).alias(n) for n in cells if n not in old.columns]
    landed = old.with_columns(absent).group_by(cells).agg(pl.col("known_at").max().alias("#landed"))
    last = stamped.filter(late).sort("known_at", maintain_order=True)
    last = last.unique(table.key, keep="last", maintain_order=True)
    known = last.join(landed, on=cells, how="left", nulls_equal=True, maintain_order="left")
    new = known.filter(pl.col("#landed").is_null() | (pl.col("#landed") < pl.col("known_at")))
    return pl.concat([stamped.filter(~late), new.drop("#landed").with_columns(known_at=start)])


def _overruled(table: SourceTable, stamped: pl.DataFrame, old: pl.DataFrame) -> pl.Series:
    """Whether a version of the same key has landed that says a later time itself."""
    said = pl.col("known_at")
    moved = said == said.dt.truncate("1d")  # to the start of a run: it may have said anything
    newest = old.filter(~moved).group_by(table.key).agg(said.max().alias("#newest"))
    beside = stamped.join(newest, on=table.key, how="left", nulls_equal=True, maintain_order="left")
    return beside.select((pl.col("#newest") > said).fill_null(value=False)).to_series()
