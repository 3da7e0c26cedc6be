"""Days of use in each of the last 18 weeks, from the masks of active days."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

WEEKS_A_MASK = 9
MASKS = 2
WEEK = 0b1111111


def weeks_of_use(known: pl.DataFrame) -> NDArray[np.int64]:
    """The days of use of each week as 7 bits, the lowest its latest day.

    Args:
        known: `active_mask_0`, `active_mask_1`, without nulls.

    Returns:
        18 rows, the latest week first; a column an account. Weeks end on the masks' last day.
    """
    masks = [known[f"active_mask_{m}"].to_numpy() for m in range(MASKS)]
    return np.stack([(mask >> (7 * week)) & WEEK for mask in masks for week in range(WEEKS_A_MASK)])
