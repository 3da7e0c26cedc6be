"""Functions on texts, applied to columns in which texts may repeat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl


def once_each(values: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`function` of every value, computed once for each distinct one where that is cheaper."""
    return coded(values, function)[0]


def coded(
    values: pl.Series, function: Callable[[pl.Series], pl.Series]
) -> tuple[pl.Series, pl.Series | None]:
    """`once_each`, and where it was cheaper a number for each result, the same for equal ones."""
    key = values.hash()
    if key.n_unique() * 2 > len(values):
        return function(values), None
    # Numbers are grouped several times faster than texts are.
    rows = key.to_frame("key").with_row_index("row")
    first = rows.select(pl.col("row").min().over("key")).to_series().to_numpy()
    is_first = first == np.arange(first.size)
    place = pl.Series((np.cumsum(is_first) - 1)[first])
    distinct = values.filter(pl.Series(is_first))
    if not distinct.gather(place).eq_missing(values).all():  # two texts of one hash
        return function(values), None
    found = function(distinct)
    code = number_of(found.hash()).gather(place)
    return found.gather(place).alias(values.name), code


def number_of(key: pl.Series) -> pl.Series:
    """A number for each distinct one of some hashes from 0 on, in their order."""
    order = key.arg_sort().to_numpy()
    found = np.empty(order.size, dtype=np.int64)
    found[order] = np.cumsum(np.diff(key.to_numpy()[order], prepend=key.head(1).to_numpy()) != 0)
    return pl.Series(found)
