"""The CSM's latest sentiment on the written rubric, 1 (worst) to 5 (R53).

Stale once it is older than `max_age_days`; missing when none was ever recorded.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, latest_sentiments, not_applicable
from health_pipeline.core.signals.kind import STALE, KindMeta


class Params(Frozen):
    """`max_age_days`: older ratings are stale."""

    max_age_days: int = Field(default=90, ge=1)


META = KindMeta(
    reads=("sentiments",),
    unit="of 5",
    higher_is_better=True,
    leading=False,
    default_knots=(1.0, 3.0, 4.0, 5.0),
    ttl_days=90.0,
    half_life_days=90.0,
    discrete=True,
    healthy_range="4 or 5 on the rubric",
    risk_pattern="a rating below 3",
    kpi="CSM sentiment",
    risk_sentence="account sentiment {value:g} of 5 ({detail})",
    strength_sentence="account sentiment {value:g} of 5 ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """The latest rating; of several at one moment the lowest counts."""
    if "sentiments" not in view.tables:
        return not_applicable(view)
    on = pl.col("recorded_at").dt.date()
    old = on < view.day - timedelta(days=params.max_age_days)
    return answers(
        view,
        latest_sentiments(view).select(
            "account_id",
            value="score",
            observed_on=on,
            status=pl.when(old).then(pl.lit(STALE)),
            detail=pl.format("recorded on {}", on),
        ),
    )
