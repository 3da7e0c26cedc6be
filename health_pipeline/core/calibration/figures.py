"""One figure of a backtest: its value, its interval, or why there is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from health_pipeline.core.calibration.bootstrap import percentile_interval
from health_pipeline.core.calibration.metrics import Floats

Row = dict[str, Any]
"""subject, metric, value, low, high, n, note: columns of `backtests`."""


def figure(subject: str, metric: str, n: int, note: str, value: float, resampled: Floats) -> Row:
    """A figure with the interval of its resamples; null where nothing could be computed."""
    low, high = percentile_interval(resampled)
    return {
        "subject": subject,
        "metric": metric,
        "value": _or_null(value),
        "low": _or_null(low),
        "high": _or_null(high),
        "n": n,
        "note": note,
    }


def withheld(subject: str, metrics: tuple[str, ...], n: int, why: str) -> list[Row]:
    """Figures that are not shown, each with the reason."""
    nothing = np.array([])
    return [figure(subject, metric, n, why, math.nan, nothing) for metric in metrics]


def not_enough(churners: int, needed: int) -> str:
    """Why a figure is withheld: the wording is shared by all reports."""
    plural = "" if churners == 1 else "s"
    return f"not enough evidence: {churners} churner{plural}, {needed} needed"


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None
