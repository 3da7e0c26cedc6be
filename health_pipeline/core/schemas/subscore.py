"""A raw value on the scale 0 to 100 (R62)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def subscore(value: Floats, knots: Sequence[Floats], *, higher_is_better: NDArray[Any]) -> Floats:
    """Piecewise-linear 0 / 60 / 80 / 100 over the raw values `k0`, `k60`, `k80`, `k100`.

    Args:
        value: raw values; NaN stays NaN.
        knots: the four knots, each one array as long as `value`.
        higher_is_better: bool, the direction of the signal of each value.

    Returns:
        0–100. Knots that are equal leave no ramp: a value at or beyond them on the good side gets
        the better figure (four equal knots: 100 at the value and beyond, else 0).
    """
    sign = np.where(higher_is_better, 1.0, -1.0)
    x, (k0, k60, k80, k100) = value * sign, (knot * sign for knot in knots)
    # The highest step that is reached decides: it is put on last.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = np.where(x > k0, 60.0 * ((x - k0) / (k60 - k0)), 0.0)
        found = np.where(x >= k60, 60.0 + 20.0 * ((x - k60) / (k80 - k60)), found)
        found = np.where(x >= k80, 80.0 + 20.0 * ((x - k80) / (k100 - k80)), found)
    found = np.where(x >= k100, 100.0, found)
    return np.where(np.isnan(x), np.nan, found)
