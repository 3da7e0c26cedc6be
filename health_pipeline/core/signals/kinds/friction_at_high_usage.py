"""Poor outcomes of an account that uses much of what it pays for (R55 risk pattern, compound).

High use = `seat_share` % of the contracted seats active in 30 days, or more. Friction = each of:
`open_tickets` tickets open or more, a ticket escalated in 14 days, the latest sentiment of 90 days
below 3, an onboarding milestone open `late_days` after its original date. Value = how many of them
hold at high use, 0 otherwise: others have these frictions as well, and signals of their own for
them. A friction that no source tells is not looked at. Missing without seats or active users.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import (
    answers,
    latest_sentiments,
    not_applicable,
    open_ticket,
    planned_milestones,
    seats_known,
    usage,
)
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import tickets

ESCALATION_DAYS, SENTIMENT_DAYS, CONTENT = 14, 90, 3.0


class Params(Frozen):
    """`seat_share`: % of seats that is high use; the others: friction from so many on."""

    seat_share: float = Field(default=60.0, gt=0)
    open_tickets: int = Field(default=5, ge=1)
    late_days: int = Field(default=7, ge=1)


META = KindMeta(
    reads=("events", "usage_daily", "subscriptions", "tickets", "milestones", "sentiments"),
    unit="frictions at high use",
    higher_is_better=False,
    leading=True,
    default_knots=(3.0, 0.75, 0.5, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="none: who uses much is served well",
    risk_pattern="most seats in use, and tickets, escalations, sentiment or milestones are poor",
    kpi="expansion pipeline",
    risk_sentence="friction at high use: {detail}",
    strength_sentence="no friction at high use: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Number of frictions; `detail` gives the share of seats and names them."""
    found = usage(view, users=True) if view.has("subscriptions", "seats") else None
    frictions = _frictions(view, params)
    if found is None or frictions is None:
        return not_applicable(view)
    share = 100.0 * pl.col("active_users_30d") / seats_known()
    high = pl.col("share") >= params.seat_share
    told = pl.format("{}% of seats active", pl.col("share").round().cast(pl.Int64))
    theirs = frictions.group_by("account_id").agg(
        n=pl.len(), said=pl.col("said").sort().str.join(", ")
    )
    return answers(
        view,
        found.select("account_id", "observed_on", share=share)
        .join(theirs, on="account_id", how="left", maintain_order="left")
        .select(
            "account_id",
            "observed_on",
            value=pl.when(high).then(pl.col("n").fill_null(0)).when(~high).then(0),
            detail=pl.when(high & pl.col("n").is_not_null())
            .then(pl.format("{}, {}", told, "said"))
            .when(high)
            .then(told)
            .otherwise(pl.format(f"{{}}, high use is {params.seat_share:g}%", told)),
        ),
    )


def _frictions(view: DayView, params: Params) -> pl.DataFrame | None:
    """`account_id`, `said`: one row a friction of an account; None when no source tells any."""
    said: list[pl.LazyFrame] = []
    if "tickets" in view.tables:
        if view.has("tickets", "resolved_at"):
            many = pl.col("n") >= params.open_tickets
            opened = tickets(view).filter(open_ticket()).group_by("account_id")
            said.append(_named(opened.agg(n=pl.len()).filter(many), "{} open tickets", "n"))
        if view.has("tickets", "escalated_at"):
            since = view.day - timedelta(days=ESCALATION_DAYS)
            late = pl.col("escalated_at").dt.date() > since
            escalated = tickets(view).filter(late).group_by("account_id")
            said.append(_named(escalated.agg(n=pl.len()), "{} escalated", "n"))
    if "sentiments" in view.tables:
        whole = pl.col("score").cast(pl.String).str.strip_suffix(".0").alias("score")
        said.append(_named(_discontent(view).with_columns(whole), "sentiment {} of 5", "score"))
    planned = planned_milestones(view)
    if planned is not None:
        behind = pl.col("completed_on").is_null() & (
            pl.col("due") < view.day - timedelta(days=params.late_days)
        )
        late_ones = planned.filter(pl.col("is_onboarding").fill_null(True), behind)
        first = late_ones.sort("due", "name").unique("account_id", keep="first")
        said.append(_named(first, "{} late", "name"))
    return pl.concat(said).pipe(read) if said else None


def _discontent(view: DayView) -> pl.DataFrame:
    """The latest ratings that are low and not too old."""
    fresh = pl.col("recorded_at").dt.date() >= view.day - timedelta(days=SENTIMENT_DAYS)
    return latest_sentiments(view).filter(fresh, pl.col("score") < CONTENT)


def _named(found: pl.DataFrame | pl.LazyFrame, words: str, column: str) -> pl.LazyFrame:
    return found.lazy().select("account_id", said=pl.format(words, column))
