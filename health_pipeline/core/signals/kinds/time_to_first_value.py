"""Days from kickoff to the account's first core use (R36).

Kickoff = the onboarding milestone of that name (done, else planned), without one the account's
first subscription, else its first day. Before the first core use: the days waited so far. Judged in
the first `window_days` only; later it is not applicable, since nothing can be done about it any
more and nothing is missing (who still has no core use then is at 0 in core_depth). Missing when
kickoff lies ahead, and when it was before anybody's first core use: use was not recorded yet, and
the account may have had its first value unseen.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable, rows, usage
from health_pipeline.core.signals.kind import NOT_APPLICABLE, KindMeta

KICKOFF = "(?i)kick.?off"


class Params(Frozen):
    """`window_days`: judged for so many days after kickoff."""

    window_days: int = Field(default=180, ge=1)


META = KindMeta(
    reads=("events", "usage_daily", "milestones", "subscriptions"),
    unit="days",
    higher_is_better=False,
    leading=True,
    default_knots=(90.0, 45.0, 21.0, 7.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="first core use within 21 days of kickoff",
    risk_pattern="no core use for more than 45 days after kickoff",
    kpi="time to value",
    risk_sentence="slow to first value: {detail}",
    strength_sentence="quick to first value: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Days; `detail` dates kickoff and first core use, or says how long it has been awaited."""
    found = usage(view, users=False)
    if found is None or "first_core_on" not in found.columns:
        return not_applicable(view)
    recorded_from = view.windows["first_core_on"].min()
    if recorded_from is None:  # no source tells core use at all
        return not_applicable(view)
    kickoff, first = pl.col("kickoff"), pl.col("first_core_on")
    until = pl.coalesce("observed_on", pl.lit(view.day))
    days = (pl.coalesce(first, until) - kickoff).dt.total_days().clip(lower_bound=0)
    over = (pl.lit(view.day) - kickoff).dt.total_days() > params.window_days
    told = pl.col("has_usage") & (kickoff >= recorded_from) & (kickoff <= until)
    # Most accounts are past it: words are put together for the others only.
    dated = _with_kickoff(view, found).select(
        "account_id", kickoff, first, "has_usage", "observed_on", over=over.fill_null(False)
    )
    young = dated.filter(~pl.col("over")).select(
        "account_id",
        value=pl.when(told).then(days),
        observed_on=until,
        detail=pl.when(first.is_not_null())
        .then(pl.format("kickoff {}, first core use {}, {} days", kickoff, first, days))
        .otherwise(pl.format("kickoff {}, no core use for {} days since", kickoff, days)),
        status=pl.lit(None, pl.String),
    )
    past = dated.filter("over").select(
        "account_id",
        value=pl.lit(None, young.schema["value"]),
        observed_on=pl.lit(None, pl.Date),
        detail=pl.lit(None, pl.String),
        status=pl.lit(NOT_APPLICABLE),
    )
    return answers(view, pl.concat([young, past]))


def _with_kickoff(view: DayView, found: pl.DataFrame) -> pl.DataFrame:
    """The accounts with `kickoff`; null when nothing tells it."""
    dates = ["first_seen_on"]
    if "subscriptions" in view.tables:
        started = rows(view, "subscriptions").group_by("account_id")
        found = found.join(
            started.agg(subscribed=pl.col("starts_on").min()).pipe(read),
            on="account_id",
            how="left",
            maintain_order="left",
        )
        dates = ["subscribed", *dates]
    if "milestones" in view.tables:
        held = (
            rows(view, "milestones")
            .filter(pl.col("is_onboarding").fill_null(True), pl.col("name").str.contains(KICKOFF))
            .group_by("account_id")
            .agg(held=pl.coalesce("completed_on", "original_due_on", "due_on").min())
            .pipe(read)
        )
        found = found.join(held, on="account_id", how="left", maintain_order="left")
        dates = ["held", *dates]
    return found.with_columns(kickoff=pl.coalesce(dates))
