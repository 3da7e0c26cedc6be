"""Share of contracted seats that were active in the last 7 or 30 days (R30).

100 × distinct active users of the window / contracted seats; above 100 when more people use the
product than seats were bought. Missing without usage, users or seats.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, seats_known, usage
from health_pipeline.core.signals.kind import KindMeta


class Params(Frozen):
    """`window_days`: the last 7 or 30 days."""

    window_days: Literal[7, 30] = 30


META = KindMeta(
    reads=("events", "usage_daily", "subscriptions"),
    unit="%",
    higher_is_better=True,
    leading=True,
    default_knots=(15.0, 40.0, 60.0, 80.0),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="at least 60% of the contracted seats active in the window",
    risk_pattern="fewer than 40% of the seats active, or a share that keeps falling",
    kpi="adoption rate",
    risk_sentence="{value:.0f}% of contracted seats active ({detail})",
    strength_sentence="{value:.0f}% of contracted seats active ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent of contracted seats; `detail` gives both figures."""
    found = usage(view, users=True)
    if found is None or not view.has("subscriptions", "seats"):
        return not_applicable(view)
    active, seats = pl.col(f"active_users_{params.window_days}d"), seats_known()
    return answers(
        view,
        found.select(
            "account_id",
            "observed_on",
            value=100.0 * active / seats,
            detail=pl.format("{} of {} seats in {} days", active, seats, params.window_days),
        ),
    )
