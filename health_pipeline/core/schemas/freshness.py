"""How fast an observation fades: one formula for a value's status and for coverage."""

from __future__ import annotations

import polars as pl

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
