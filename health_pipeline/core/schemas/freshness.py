"""How fast an observation fades: one formula for a value's status and for coverage."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

OBSERVED_FROM = 0.5
"""A value is observed while its freshness is at least this; below it is stale (science.md)."""


def freshness(
    age_days: pl.Expr, ttl_days: pl.Expr | float, half_life_days: pl.Expr | float
) -> pl.Expr:
    """Freshness f = 2^(−max(0, age − ttl) / half-life), 1 while fresh (science.md).

    Args:
        age_days: days from the observation to day D, not negative; null stays null.
        ttl_days: full days of freshness.
        half_life_days: days beyond the ttl in which f halves, above 0.
    """
    beyond = (age_days - ttl_days).clip(lower_bound=0.0)
    return pl.lit(2.0).pow(-beyond / half_life_days)


def faded(
    age_days: NDArray[np.float64],
    ttl_days: NDArray[np.float64] | float,
    half_life_days: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """`freshness` of arrays; NaN where the age is unknown."""
    return np.asarray(np.exp2(-np.maximum(age_days - ttl_days, 0.0) / half_life_days))
