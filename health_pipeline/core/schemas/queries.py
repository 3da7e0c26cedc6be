"""How queries of source rows become frames."""

from __future__ import annotations

import polars as pl


def read(query: pl.LazyFrame) -> pl.DataFrame:
    """The rows of `query`, by polars' in-memory engine.

    Its streaming engine (2.1), which is the default, may panic on texts that are put together of
    no rows.
    """
    return query.collect(engine="in-memory")
