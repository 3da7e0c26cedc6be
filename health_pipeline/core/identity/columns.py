"""Functions on texts, applied to columns in which texts may repeat."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def once_each(values: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`function` of every value, computed once for each distinct one where that is cheaper."""
    if values.hash().n_unique() * 2 > len(values):
        return function(values)
    distinct = values.drop_nulls().unique()
    found = pl.DataFrame({"value": distinct, "found": function(distinct)})
    mapped = values.to_frame("value").join(found, on="value", how="left", maintain_order="left")
    return mapped["found"].alias(values.name)
