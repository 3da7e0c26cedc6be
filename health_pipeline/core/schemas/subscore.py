"""A raw value on the scale 0 to 100 (R62)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RAMPS = (60.0, 20.0, 20.0)
"""Points from each knot to the next."""


def subscore(
    value: Floats,
    knots: Sequence[Floats],
    *,
    higher_is_better: NDArray[Any],
    at: NDArray[Any] | slice = slice(None),
) -> Floats:
    """Piecewise-linear 0 / 60 / 80 / 100 over the raw values `k0`, `k60`, `k80`, `k100`.

    Args:
        value: raw values; NaN stays NaN.
        knots: the four knots, one array each.
        higher_is_better: bool, the direction of the signal, for each element of the knots.
        at: which element of these is for each value, where few knots serve many values; else they
            stand beside the values.

    Returns:
        0–100. Knots that are equal leave no ramp: a value at or beyond them on the good side gets
        the better figure (four equal knots: 100 at the value and beyond, else 0).
    """
    sign = np.where(higher_is_better, 1.0, -1.0)
    x, steps = value * sign[at], [knot * sign for knot in knots]
    found = np.zeros_like(x)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for low, high, points in zip(steps, steps[1:], RAMPS, strict=False):
            climbed = x - low[at]
            climbed /= np.abs(high - low)[at]  # -0.0 would turn the sign
            np.fmin(climbed, 1.0, out=climbed)  # 0 / 0, at two equal knots: the better figure
            np.maximum(climbed, 0.0, out=climbed)
            found += np.multiply(climbed, points, out=climbed)
    found[np.isnan(x)] = np.nan
    return found
