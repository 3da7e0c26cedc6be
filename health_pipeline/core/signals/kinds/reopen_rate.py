"""Share of the tickets resolved in the window that had to be opened again (R41).

A ticket counts by the later of its resolution and its reopening. Missing below `min_tickets`: one
of one would be 100%.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import tickets


class Params(Frozen):
    """`window_days`: resolved or reopened on the last so many days; `min_tickets`: see above."""

    window_days: int = Field(default=90, ge=1)
    min_tickets: int = Field(default=3, ge=1)


META = KindMeta(
    reads=("tickets",),
    unit="%",
    higher_is_better=False,
    leading=False,
    default_knots=(60.0, 25.0, 15.0, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="at most 15% of resolved tickets opened again",
    risk_pattern="more than a quarter of resolved tickets opened again",
    kpi="reopen rate",
    risk_sentence="{value:.0f}% of resolved tickets opened again ({detail})",
    strength_sentence="{value:.0f}% of resolved tickets opened again ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent of the resolved tickets; `detail` gives both figures."""
    told = view.has("tickets", "reopened_at") or view.has("tickets", "reopened_count")
    if not (told and view.has("tickets", "resolved_at")):
        return not_applicable(view)
    since = view.day - timedelta(days=params.window_days)
    again = ((pl.col("reopened_count") > 0) | pl.col("reopened_at").is_not_null()).fill_null(False)
    resolved = tickets(view).filter(
        pl.max_horizontal("resolved_at", "reopened_at").dt.date() > since
    )
    return answers(
        view,
        resolved.group_by("account_id").agg(
            value=pl.when(pl.len() >= params.min_tickets).then(100.0 * again.mean()),
            detail=pl.format(f"{{}} of {{}} in {params.window_days} days", again.sum(), pl.len()),
        ),
    )
