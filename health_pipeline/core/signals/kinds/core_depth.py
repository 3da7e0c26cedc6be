"""Use of core features tied to value moments: core events per active user in 30 days (R31).

Zero core events count as 0 even when nobody was active: the source delivered, and no value moment
happened. Missing when core events cannot be tied to any user.
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
    unit="core events per user",
    higher_is_better=True,
    leading=True,
    default_knots=(0.5, 4.0, 8.0, 16.0),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="at least 8 core events per active user in 30 days",
    risk_pattern="people log in but rarely complete a core action: under 4 per active user",
    kpi="core actions per active user",
    risk_sentence="{value:.1f} core actions per active user in 30 days",
    strength_sentence="{value:.1f} core actions per active user in 30 days",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Core events per active user."""
    found = usage(view, users=True)
    if found is None:
        return not_applicable(view)
    events, users = pl.col("core_events_30d"), pl.col("active_users_30d")
    per_user = pl.when(users > 0).then(events / users).when((users == 0) & (events == 0)).then(0.0)
    return answers(
        view,
        found.select(
            "account_id",
            "observed_on",
            value=per_user,
            detail=pl.format("{} core events by {} active users", events, users),
        ),
    )
