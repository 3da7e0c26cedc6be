"""Has the data gone rather than the customers changed? Asked before any drift test."""

from __future__ import annotations

import numpy as np

from health_pipeline.core.drift.psi import Floats

OUTAGE_SHARE = 0.20
"""An outage: more than this share of rows lost, of values lost, or fallen into one value."""


def rows_lost(before: int, now: int) -> str | None:
    """Why the row counts of a subject speak of an outage, or None."""
    if before and now < before * (1 - OUTAGE_SHARE):
        return f"{now} rows, {before} before"
    return None


def values_lost(before: Floats, now: Floats) -> str | None:
    """Why the values of one segment (NaN = missing) speak of an outage, or None."""
    gone, was = float(np.isnan(now).mean()), float(np.isnan(before).mean())
    if gone - was > OUTAGE_SHARE:
        return f"{gone:.0%} of values are missing, {was:.0%} before"
    known, known_before = now[~np.isnan(now)], before[~np.isnan(before)]
    if known.size == 0 or known_before.size == 0 or np.ptp(known) > 0:
        return None
    same = float((known_before == known[0]).mean())
    if 1 - same > OUTAGE_SHARE:
        return f"all {known.size} values are {known[0]:g}, {same:.0%} before"
    return None
