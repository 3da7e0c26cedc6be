"""Requests for fewer seats in the last days, 90 by default (R52).

Acts at once, and lags (R71): who asks has decided. A measured 0 for an account with a contract;
missing for one of which neither contract nor request is known. A request for more seats is none.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, rows, seats_known
from health_pipeline.core.signals.kind import KindMeta


class Params(Frozen):
    """`window_days`: requested on the last so many days."""

    window_days: int = Field(default=90, ge=1)


META = KindMeta(
    reads=("seat_requests", "subscriptions"),
    unit="requests",
    higher_is_better=False,
    leading=False,
    default_knots=(2.0, 0.75, 0.5, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    hard=True,
    healthy_range="no request for fewer seats in the window",
    risk_pattern="a request for fewer seats in the window",
    kpi="seat contraction requested",
    risk_sentence="fewer seats asked for: {detail}",
    strength_sentence="no fewer seats asked for ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Number of requests; `detail` gives their seats and dates the last."""
    if "seat_requests" not in view.tables:
        return not_applicable(view)
    since = view.day - timedelta(days=params.window_days)
    requests = rows(view, "seat_requests")
    asked = (
        requests.filter(pl.col("seats") < 0, pl.col("requested_on") > since)
        .group_by("account_id")
        .agg(value=pl.len(), fewer=-pl.col("seats").sum(), last=pl.col("requested_on").max())
    )
    known = requests.select("account_id")
    if "subscriptions" in view.tables:
        known = pl.concat([known, rows(view, "subscriptions").select("account_id")])
    of_all = pl.format("{} of {} seats", "fewer", seats_known())
    said = pl.format("{}, last on {}", of_all.fill_null(pl.format("{} seats", "fewer")), "last")
    return answers(
        view,
        view.accounts.lazy()
        .select("account_id", "seats")
        .join(known, on="account_id", how="semi")
        .join(asked, on="account_id", how="left")
        .select(
            "account_id",
            value=pl.col("value").fill_null(0),
            detail=said.fill_null(f"none in {params.window_days} days"),
        ),
    )
