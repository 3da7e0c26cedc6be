"""A raw value on the scale 0 to 100 (R62)."""

from __future__ import annotations

import polars as pl


def subscore(value: str, *, higher_is_better: str) -> pl.Expr:
    """Piecewise-linear 0 / 60 / 80 / 100 over the columns `k0`, `k60`, `k80`, `k100`.

    Args:
        value: column of raw values; null stays null.
        higher_is_better: column of bool, the direction of the signal.

    Returns:
        0–100. Knots that are equal leave no ramp: a value at or beyond them on the good side gets
        the better figure (four equal knots: 100 at the value and beyond, else 0).
    """
    sign = pl.when(pl.col(higher_is_better)).then(1.0).otherwise(-1.0)
    x, k0, k60, k80, k100 = (pl.col(c) * sign for c in (value, "k0", "k60", "k80", "k100"))
    # The highest step that is reached decides, so that a step of width zero is never divided by.
    return (
        pl.when(pl.col(value).is_null())
        .then(None)
        .when(x >= k100)
        .then(100.0)
        .when(x >= k80)
        .then(80.0 + 20.0 * _share(x, k80, k100))
        .when(x >= k60)
        .then(60.0 + 20.0 * _share(x, k60, k80))
        .when(x > k0)
        .then(60.0 * _share(x, k0, k60))
        .otherwise(0.0)
    )


def _share(x: pl.Expr, low: pl.Expr, high: pl.Expr) -> pl.Expr:
    return (x - low) / (high - low)
