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
from health_pipeline.core.signals.answers import answers, longest_late, not_applicable, rows
from health_pipeline.core.signals.kind import KindMeta

REMEMBERED_DAYS = 90
"""A completed milestone keeps its delay for as many days."""


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
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
    risk_sentence="onboarding {value:.0f} days behind the original plan ({detail})",
    strength_sentence="onboarding close to the original plan ({detail})",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Days behind the original plan; `detail` names the milestone and its dates."""
    planned = view.has("milestones", "due_on") or view.has("milestones", "original_due_on")
    if not (planned and view.has("milestones", "completed_on")):
        return not_applicable(view)
    due = pl.coalesce("original_due_on", "due_on")
    late = (pl.col("completed_on").fill_null(view.day) - pl.col("due")).dt.total_days()
    forgiven = pl.col("completed_on") < view.day - timedelta(days=REMEMBERED_DAYS)
    done = pl.format("completed {}", "completed_on").fill_null("still open")
    planned_ones = (
        rows(view, "milestones")
        .with_columns(due=due)
        .filter(pl.col("is_onboarding").fill_null(True), pl.col("due").is_not_null())
    )
    counted = pl.when(~forgiven.fill_null(False)).then(late)
    words = pl.format("{}, due {}, {}", "name", "due", done)
    return answers(view, longest_late(planned_ones, counted, words, "no milestone late"))
