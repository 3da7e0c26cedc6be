"""Functions on texts, applied to columns in which texts may repeat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from health_pipeline.core.identity.forest import Ints


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
    distinct, place = distinct_of(values)
    found = function(distinct)
    code = pl.Series(first_rows(found.hash())).gather(place)
    return found.gather(place).alias(values.name), code


def both_once_each(
    values: pl.Series, function: Callable[[pl.Series], tuple[pl.Series, pl.Series]]
) -> tuple[pl.Series, pl.Series]:
    """`once_each` of a function that gives two results."""
    if values.hash().n_unique() * 2 > len(values):
        return function(values)
    distinct, place = distinct_of(values)
    one, other = function(distinct)
    return one.gather(place), other.gather(place)


def distinct_of(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The distinct texts, and for each of `values` its place among them."""
    first = first_rows(values.hash())
    is_first = first == np.arange(first.size)
    place = pl.Series("place", (np.cumsum(is_first) - 1)[first])
    distinct = values.filter(pl.Series(is_first, dtype=pl.Boolean))
    if distinct.gather(place).eq_missing(values).all():
        return distinct, place
    distinct = values.unique()  # two texts of one hash
    numbered = pl.DataFrame({"value": distinct}).with_row_index("place")
    asked = values.to_frame("value")
    met = asked.join(numbered, on="value", how="left", maintain_order="left", nulls_equal=True)
    return distinct, met["place"]


def first_rows(key: pl.Series) -> Ints:
    """For each row the first one of the same key; keys are hashes, none of them null.

    Rows lay themselves into slots by some bits of their hash. Where another hash was first, they
    do so again by other bits: one in twenty does. A grouping costs three times as much.
    """
    keys = key.to_numpy()
    found = np.empty(keys.size, dtype=np.int32)
    rows, turn = np.arange(keys.size, dtype=np.int32), np.uint64(0x9E3779B97F4A7C15)
    bits = max(2 * keys.size, 2).bit_length()
    slots = np.empty(1 << bits, dtype=np.int32)
    hashes = keys
    while rows.size:
        slot = hashes >> np.uint64(64 - bits)
        slots[slot[::-1]] = rows[::-1]  # of several writes the last one stays
        first = slots[slot]
        met = keys[first] == keys[rows]
        found[rows[met]] = first[met]
        rows, hashes = rows[~met], hashes[~met] * turn
    return found.astype(np.int64)


def number_of(key: pl.Series) -> Ints:
    """A number for each distinct one of some hashes from 0 on, in their order."""
    order = key.arg_sort().to_numpy()
    found = np.empty(order.size, dtype=np.int64)
    found[order] = np.cumsum(np.diff(key.to_numpy()[order], prepend=key.head(1).to_numpy()) != 0)
    return found
