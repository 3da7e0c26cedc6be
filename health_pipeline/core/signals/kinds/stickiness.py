"""Share of the monthly active users who were active in the last week: WAU/MAU (R33).

Missing when nobody was active in 30 days: there is no habit to measure.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, usage
from health_pipeline.core.signals.kind import KindMeta


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("events", "usage_daily"),
    unit="%",
    higher_is_better=True,
    leading=True,
    default_knots=(10.0, 25.0, 40.0, 60.0),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="at least 40% of monthly users active in a week",
    risk_pattern="users come back less than once a month: under 25%",
    kpi="WAU/MAU",
    risk_sentence="{value:.0f}% of the month's users active in the last 7 days",
    strength_sentence="{value:.0f}% of the month's users active in the last 7 days",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Per cent of the month's active users."""
    found = usage(view, users=True)
    if found is None:
        return not_applicable(view)
    week, month = pl.col("active_users_7d"), pl.col("active_users_30d")
    return answers(
        view,
        found.select(
            "account_id",
            "observed_on",
            value=pl.when(month > 0).then(100.0 * week / month),
            detail=pl.format("{} of {} users", week, month),
        ),
    )
