"""Functions on texts, applied to columns in which texts may repeat."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def once_each(values: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`function` of every value, computed once for each distinct one where that is cheaper."""
    key = values.hash()
    if key.n_unique() * 2 > len(values):
        return function(values)
    # Numbers join several times faster than texts do.
    first = key.is_first_distinct()
    distinct = values.filter(first)
    places = key.filter(first).to_frame("key").with_row_index("place")
    place = key.to_frame("key").join(places, on="key", how="left", maintain_order="left")["place"]
    if not distinct.gather(place).eq_missing(values).all():  # two texts of one hash
        return function(values)
    return function(distinct).gather(place).alias(values.name)
