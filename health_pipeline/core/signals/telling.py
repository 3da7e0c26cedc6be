"""Sentences for whole columns: each is put together once, however many accounts it is told of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray


def told(name: str, codes: NDArray[np.int64], sentence: Callable[[int], str]) -> pl.Series:
    """The sentence of each code, as a text column `name`; few codes, many rows."""
    column = pl.Series(name, codes)
    distinct = column.unique()
    said = [sentence(code) for code in distinct.to_list()]
    return column.replace_strict(distinct, said, return_dtype=pl.String)
