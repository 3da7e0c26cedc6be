"""How long onboarding has stood still beside what its own plan calls a step (R40, compound).

Stalled = an open onboarding milestone is past its original date, and since then none was finished:
100 × days since the later of the two / days between milestones of that plan. So a slow plan is
judged by its own rhythm, a rescheduled date hides nothing, and whoever finishes something late is
not stalled. A milestone without a date cannot be late. 0 when none is overdue; missing when one is
and the plan is a single date, which has no rhythm.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, planned_milestones
from health_pipeline.core.signals.kind import KindMeta


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("milestones",),
    unit="% of a planned step",
    higher_is_better=False,
    leading=True,
    default_knots=(300.0, 100.0, 50.0, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="never still for more than half of a planned step while a milestone is overdue",
    risk_pattern="nothing finished for longer than a planned step while a milestone is overdue",
    kpi="time to value",
    risk_sentence="onboarding stands still: {detail}",
    strength_sentence="onboarding moves: {detail}",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Per cent of a planned step; `detail` names the overdue milestone and both durations."""
    planned = planned_milestones(view)
    if planned is None:
        return not_applicable(view)
    onboarding = planned.filter(pl.col("is_onboarding").fill_null(True))
    overdue = (
        onboarding.filter(pl.col("completed_on").is_null(), pl.col("due") < view.day)
        .sort("due", "name")
        .unique("account_id", keep="first", maintain_order=True)
        .select("account_id", "name", overdue="due")
    )
    # Most accounts have nothing overdue: the rhythm is worked out for the others only.
    theirs = onboarding.join(overdue, on="account_id", how="semi")
    stalled = (
        theirs.group_by("account_id")
        .agg(step=_step(), last_done=pl.col("completed_on").max())
        .join(overdue, on="account_id")
    )
    every = onboarding.select(pl.col("account_id").unique())
    moves = every.join(overdue, on="account_id", how="anti")
    days = (pl.lit(view.day) - pl.max_horizontal("overdue", "last_done")).dt.total_days()
    rhythm = pl.col("step").round().cast(pl.Int64)
    words = "{} due {}, nothing finished for {} days, planned is a step every {} days"
    return answers(
        view,
        pl.concat(
            [
                stalled.select(
                    "account_id",
                    value=100.0 * days / pl.col("step"),
                    detail=pl.format(words, "name", "overdue", days, rhythm),
                ),
                moves.with_columns(value=0.0, detail=pl.lit("no open milestone is overdue")),
            ]
        ),
    )


def _step() -> pl.Expr:
    """Mean days from one planned date to the next, at least 1; null for a plan of one date."""
    first, last = pl.min_horizontal("starts_on", "due").min(), pl.col("due").max()
    dates = pl.col("due").n_unique() + (first < pl.col("due").min())
    span = (last - first).dt.total_days()
    return pl.when(span > 0).then((span / (dates - 1)).clip(lower_bound=1.0))
