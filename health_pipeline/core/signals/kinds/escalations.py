"""Tickets escalated in the last days, 14 by default (R42).

Missing for an account that support has never seen; not applicable where no source tells when a
ticket was escalated.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import supported, tickets


class Params(Frozen):
    """`window_days`: escalated on the last so many days."""

    window_days: int = Field(default=14, ge=1)


META = KindMeta(
    reads=("tickets",),
    unit="escalations",
    higher_is_better=False,
    leading=True,
    default_knots=(2.0, 0.75, 0.5, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="no escalation in the window",
    risk_pattern="one escalation or more in the window",
    kpi="escalation rate",
    risk_sentence="escalated tickets: {value:.0f} ({detail})",
    strength_sentence="escalated tickets: {value:.0f} ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Number of escalated tickets; `detail` dates the last."""
    if not view.has("tickets", "escalated_at"):
        return not_applicable(view)
    on = pl.col("escalated_at").dt.date()
    recent = on > view.day - timedelta(days=params.window_days)
    window = f"in {params.window_days} days"
    theirs = tickets(view).filter(recent).group_by("account_id")
    found = (
        supported(view)
        .lazy()
        .join(theirs.agg(n=pl.len(), last=on.max()), on="account_id", how="left")
    )
    detail = pl.format(f"{window}, the last on {{}}", "last").fill_null(f"none {window}")
    return answers(view, found.select("account_id", value=pl.col("n").fill_null(0), detail=detail))
