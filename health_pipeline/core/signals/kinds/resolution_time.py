"""Mean hours from opening to resolution, over the tickets resolved in the window (R41).

A ticket that was reopened and not resolved again is not resolved. Missing when none was resolved.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, open_ticket
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import tickets


class Params(Frozen):
    """`window_days`: resolved on the last so many days."""

    window_days: int = Field(default=90, ge=1)


META = KindMeta(
    reads=("tickets",),
    unit="hours",
    higher_is_better=False,
    leading=False,
    default_knots=(168.0, 72.0, 48.0, 8.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="tickets resolved within 48 hours on average",
    risk_pattern="tickets take more than 72 hours on average",
    kpi="resolution time",
    risk_sentence="tickets took {value:.0f} hours to resolve on average ({detail})",
    strength_sentence="tickets took {value:.0f} hours to resolve on average ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Mean hours; `detail` gives the number of tickets."""
    if not view.has("tickets", "resolved_at"):
        return not_applicable(view)
    took = pl.col("resolved_at") - pl.col("opened_at")
    since = view.day - timedelta(days=params.window_days)
    resolved = tickets(view).filter(
        ~open_ticket(),
        pl.col("resolved_at").dt.date() > since,
        took >= timedelta(0),  # resolved before it was opened: a broken clock, not a fast answer
    )
    return answers(
        view,
        resolved.group_by("account_id").agg(
            value=took.dt.total_seconds(fractional=True).mean() / 3600.0,
            detail=pl.format("{} resolved in {} days", pl.len(), params.window_days),
        ),
    )
