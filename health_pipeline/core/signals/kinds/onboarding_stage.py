"""Stages by which onboarding is behind its original plan (R40).

The milestones of an onboarding are its stages, in the order of the original plan (by
`original_due_on`, else `due_on`; on one day by name, of one name the done ones first). An account
stands in the first stage that is not done, whatever was done after it. The plan stands in the first
stage that is due today or later.
Value = how many stages lie between them; ahead of the plan, and with all stages done, it is 0.
Not applicable once all stages have been done for longer than `remembered_days`.
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
    """`remembered_days`: an onboarding that is done is told for so many days."""

    remembered_days: int = Field(default=90, ge=0)


META = KindMeta(
    reads=("milestones",),
    unit="stages behind",
    higher_is_better=False,
    leading=True,
    default_knots=(3.0, 1.0, 0.5, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="onboarding stands in the stage of its plan, or beyond it",
    risk_pattern="onboarding two stages or more behind its plan",
    kpi="time to value",
    risk_sentence="onboarding {value:.0f} stages behind its plan: {detail}",
    strength_sentence="onboarding in its planned stage: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Stages behind; `detail` names the stage, its place and that of the plan."""
    planned = planned_milestones(view)
    if planned is None:
        return not_applicable(view)
    stages = planned.filter(pl.col("is_onboarding").fill_null(True)).sort(
        "due", "name", "completed_on", nulls_last=True
    )
    is_open = pl.col("completed_on").is_null()
    each = stages.group_by("account_id", maintain_order=True).agg(
        of=pl.len(),
        passed=is_open.arg_max(),
        done=(~is_open).all(),
        name=pl.col("name").get(is_open.arg_max()),
        plan=(pl.col("due") < view.day).sum(),
        ended=pl.col("completed_on").max(),
    )
    stage, plan = pl.col("passed") + 1, pl.min_horizontal(pl.col("plan") + 1, "of")
    behind = (pl.col("plan").cast(pl.Int64) - pl.col("passed").cast(pl.Int64)).clip(lower_bound=0)
    over = pl.col("done") & (pl.col("ended") < view.day - timedelta(days=params.remembered_days))
    here = pl.format("stage {} of {}, {}; by plan stage {}", stage, "of", "name", plan)
    return answers(
        view,
        each.select(
            "account_id",
            value=pl.when(over).then(None).when("done").then(0).otherwise(behind),
            status=pl.when(over).then(pl.lit(NOT_APPLICABLE)),
            detail=pl.when("done").then(pl.format("all {} stages done", "of")).otherwise(here),
        ),
    )
