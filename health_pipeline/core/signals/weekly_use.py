"""How much an account is used in each week: by active users, or by days of use where none is told.

A usage object of the whole company, or events without a user, show no users: their accounts would
have no trend at all.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.schemas.day import WEEKS
from health_pipeline.core.signals.active_weeks import MASKS, weeks_of_use

Floats = NDArray[np.float64]
"""A matrix of weeks × accounts, the latest week first, or one figure an account; NaN = unknown."""

Flags = NDArray[np.bool_]
"""One an account."""


def by_week(weekly: pl.Series) -> Floats:
    """Users of each week, from a list of `WEEKS` an account (null: not in any window)."""
    told = weekly.drop_nulls().explode().cast(pl.Float64).fill_null(np.nan).to_numpy()
    found = np.full((WEEKS, len(weekly)), np.nan)
    found[:, weekly.is_not_null().to_numpy()] = told.reshape(-1, WEEKS).T
    return found


def weekly_use(found: pl.DataFrame) -> tuple[Floats, Flags]:
    """Active users of each week, and of which accounts days of use stand in for them.

    Those are accounts of which no user is ever shown: a usage object of the whole company, events
    without a user. Their weeks before the oldest use in the masks (18 weeks) are unknown.

    Args:
        found: `answers.usage`.
    """
    used = by_week(found["weekly_users"])
    masks = [f"active_mask_{n}" for n in range(MASKS)]
    userless = pl.col("active_users_30d").is_null() & pl.all_horizontal(
        pl.col(name).is_not_null() for name in masks
    )
    by_days = found.select(userless).to_series().to_numpy() & np.isnan(used).all(axis=0)
    if by_days.any():
        used[:, by_days] = _days(found.filter(pl.Series(by_days)).select(masks))
    return used, by_days


def _days(masks: pl.DataFrame) -> Floats:
    days = np.bitwise_count(weeks_of_use(masks))
    known = np.maximum.accumulate(days[::-1] > 0)[::-1]  # a week, or an older one, shows use
    return np.where(known, days, np.nan)[:WEEKS]
