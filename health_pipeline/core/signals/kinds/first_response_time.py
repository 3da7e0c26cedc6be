"""Mean hours from opening to the first answer, over the tickets opened in the window (R41).

A ticket that still waits counts with its wait so far once that is longer than answers took on
average: neglect shows before it ends, and a fresh ticket makes nothing look faster. A ticket
resolved without an answer is left out. Missing when no ticket tells.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.schemas.time import end_of
from health_pipeline.core.signals.answers import answers, not_applicable
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import tickets


class Params(Frozen):
    """`window_days`: opened on the last so many days."""

    window_days: int = Field(default=30, ge=1)


META = KindMeta(
    reads=("tickets",),
    unit="hours",
    higher_is_better=False,
    leading=True,
    default_knots=(48.0, 12.0, 4.0, 0.5),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="tickets first answered within 4 hours on average",
    risk_pattern="the first answer takes more than 12 hours on average",
    kpi="first response time",
    risk_sentence="tickets waited {value:.0f} hours for the first answer on average ({detail})",
    strength_sentence="first answer to tickets within {value:.1f} hours on average ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Mean hours; `detail` gives the number of tickets, and how many of them still wait."""
    if not view.has("tickets", "first_responded_at"):
        return not_applicable(view)
    since = view.day - timedelta(days=params.window_days)
    answered = pl.col("first_responded_at").is_not_null()
    until = pl.coalesce(
        "first_responded_at",
        pl.when(pl.col("resolved_at").is_null()).then(pl.lit(end_of(view.day))),
    )
    took = (until - pl.col("opened_at")).dt.total_seconds(fractional=True) / 3600.0
    told = (
        tickets(view)
        .filter(pl.col("opened_at").dt.date() > since)
        .select("account_id", took=took, waits=~answered)
        .filter(pl.col("took") >= 0)  # answered before it was opened: a broken clock
        .pipe(read)
        .lazy()
    )
    usual = told.filter(~pl.col("waits")).group_by("account_id").agg(usual=pl.col("took").mean())
    slower = pl.col("usual").is_null() | (pl.col("took") > pl.col("usual"))
    counted = told.join(usual, on="account_id", how="left", maintain_order="left").filter(
        ~pl.col("waits") | slower
    )
    window = f"in {params.window_days} days"
    return answers(
        view,
        counted.group_by("account_id").agg(
            value=pl.col("took").mean(),
            detail=pl.format(
                f"{{}} opened {window}, {{}} unanswered", pl.len(), pl.col("waits").sum()
            ),
        ),
    )
