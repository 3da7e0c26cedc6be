"""Support tickets that are open at the end of the day, reopened ones included (R41).

Missing for an account that support has never seen.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, open_ticket
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import supported, tickets


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("tickets",),
    unit="tickets",
    higher_is_better=False,
    leading=True,
    default_knots=(12.0, 5.0, 3.0, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="at most 3 open tickets",
    risk_pattern="more than 5 tickets open at once",
    kpi="open ticket volume",
    risk_sentence="open support tickets: {value:.0f} ({detail})",
    strength_sentence="open support tickets: {value:.0f} ({detail})",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Number of open tickets; `detail` dates the oldest."""
    if not view.has("tickets", "resolved_at"):
        return not_applicable(view)
    still = tickets(view).filter(open_ticket()).group_by("account_id")
    theirs = still.agg(n=pl.len(), oldest=pl.col("opened_at").min().dt.date())
    found = supported(view).lazy().join(theirs, on="account_id", how="left")
    detail = pl.format("the oldest since {}", "oldest").fill_null("none open")
    return answers(view, found.select("account_id", value=pl.col("n").fill_null(0), detail=detail))
