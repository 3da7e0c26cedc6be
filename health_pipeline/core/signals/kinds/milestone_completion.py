"""Share of the milestones that the original plan had due by the day that are done (R40).

Each account is judged by its own plan: a slow plan has less due, and a rescheduled date moves
nothing. A milestone is due once its day is over. What was due more than `window_days` ago counts
only while it is open, so that old merits hide nothing. Not applicable while nothing is due. The
detail names the next open milestone, which is the stage that the account is in.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, planned_milestones
from health_pipeline.core.signals.kind import NOT_APPLICABLE, KindMeta


class Params(Frozen):
    """`window_days`: due in the last so many days. `onboarding_only`: leave other projects out."""

    window_days: int = Field(default=180, ge=1)
    onboarding_only: bool = False


META = KindMeta(
    reads=("milestones",),
    unit="%",
    higher_is_better=True,
    leading=True,
    default_knots=(0.0, 60.0, 80.0, 100.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="at least 80% of the milestones due by the original plan done",
    risk_pattern="fewer than 60% of the milestones due by the original plan done",
    kpi="milestone completion rate",
    risk_sentence="{value:.0f}% of the due milestones done ({detail})",
    strength_sentence="{value:.0f}% of the due milestones done ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent of the due milestones; `detail` gives both figures and the next open one."""
    planned = planned_milestones(view)
    if planned is None:
        return not_applicable(view)
    if params.onboarding_only:
        planned = planned.filter(pl.col("is_onboarding").fill_null(True))
    is_open = pl.col("completed_on").is_null()
    lately = pl.col("due") >= view.day - timedelta(days=params.window_days)
    counted = (pl.col("due") < view.day) & (is_open | lately)
    following = (
        planned.filter(is_open)
        .sort("due", "name")
        .unique("account_id", keep="first", maintain_order=True)
        .select("account_id", next=pl.format("next is {}", "name"))
    )
    due, done = pl.col("of"), pl.col("done")
    return answers(
        view,
        planned.group_by("account_id")
        .agg(of=counted.sum(), done=(counted & ~is_open).sum())
        .join(following, on="account_id", how="left")
        .select(
            "account_id",
            value=pl.when(due > 0).then(100.0 * done / due),
            status=pl.when(due == 0).then(pl.lit(NOT_APPLICABLE)),
            detail=pl.format("{} of {} done, {}", done, due, pl.col("next").fill_null("none open")),
        ),
    )
