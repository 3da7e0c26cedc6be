"""Largest delay of an onboarding milestone against the original plan, in days (R40).

Measured against `original_due_on`, else `due_on`, so a rescheduled date does not hide it. An open
milestone counts from its due date to today; a completed one keeps its delay for 90 days. Early is
0. Milestones without a due date are left out.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import (
    answers,
    not_applicable,
    planned_milestones,
    worst_row,
)
from health_pipeline.core.signals.kind import KindMeta

REMEMBERED_DAYS = 90
"""A completed milestone keeps its delay for as many days."""


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("milestones",),
    unit="days",
    higher_is_better=False,
    leading=True,
    default_knots=(30.0, 7.0, 3.0, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="no onboarding milestone more than 3 days behind the original plan",
    risk_pattern="a milestone more than 7 days behind the original plan, rescheduled or not",
    kpi="time to value",
    risk_sentence="milestone {value:.0f} days behind the original plan ({detail})",
    strength_sentence="onboarding close to the original plan ({detail})",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Days behind the original plan; `detail` names the milestone and its dates."""
    planned = planned_milestones(view)
    if planned is None:
        return not_applicable(view)
    late = (pl.col("completed_on").fill_null(view.day) - pl.col("due")).dt.total_days()
    forgiven = pl.col("completed_on") < view.day - timedelta(days=REMEMBERED_DAYS)
    counted = pl.when(~forgiven.fill_null(False)).then(late)
    done = pl.format("completed {}", "completed_on").fill_null("still open")
    words = pl.format("{}, due {}, {}", "name", "due", done)
    onboarding = planned.filter(pl.col("is_onboarding").fill_null(True))
    return answers(view, worst_row(onboarding, counted, words, "no milestone late"))
