"""How satisfied the customer's people say they are, on one scale for surveys and tickets (R55).

An answer is placed on its survey's own scale: NPS 0 to 10, CSAT 1 to 5, CES 1 to 7, the lowest 0
and the highest 100; one beyond its scale is none. What somebody gave a ticket (`satisfaction`) is a
CSAT answer of the day of its resolution, without one of its opening. Of each person and survey the
latest answer of `window_days` counts, an answer that names nobody for itself. Missing below
`min_answers`.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable, rows
from health_pipeline.core.signals.kind import KindMeta

SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0)}


DECIMALS = 10
"""Thirds of a scale add up to another last bit in each order of the answers."""


class Params(Frozen):
    """`window_days`: answers count so long. `min_answers`: of so many people and surveys."""

    window_days: int = Field(default=180, ge=1)
    min_answers: int = Field(default=2, ge=1)


META = KindMeta(
    reads=("surveys", "tickets"),
    unit="of 100",
    higher_is_better=True,
    leading=True,
    default_knots=(10.0, 50.0, 75.0, 90.0),
    ttl_days=90.0,
    half_life_days=90.0,
    discrete=True,
    healthy_range="a mean of 75 or more: an NPS answer of 7 or 8, a CSAT answer of 4",
    risk_pattern="answers that average in the lower half of their scales",
    kpi="survey satisfaction",
    risk_sentence="answers to surveys and tickets average {value:.0f} of 100 ({detail})",
    strength_sentence="answers to surveys and tickets average {value:.0f} of 100 ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """The mean of the answers that count; `detail` gives their number and the newest one's day."""
    given = _given(view)
    if not given:
        return not_applicable(view)
    on, since = pl.col("answered_at").dt.date(), view.day - timedelta(days=params.window_days)
    answered = (
        pl.concat(given)
        .filter(on > since)
        .with_columns(on=on, value=_on_one_scale())
        .drop_nulls("value")
        .pipe(read)
    )
    latest = answered.sort("answered_at", "value", descending=[True, False]).unique(
        ["account_id", "source", "person", "kind"], keep="first", maintain_order=True
    )
    found = latest.group_by("account_id").agg(
        pl.col("value").mean().round(DECIMALS),
        pl.len().alias("given"),
        pl.col("on").max().alias("observed_on"),
    )
    enough = pl.when(pl.col("given") >= params.min_answers)
    said = pl.format("{} answers, the latest on {}", "given", "observed_on")
    return answers(view, found.with_columns(value=enough.then("value"), detail=said))


def _given(view: DayView) -> list[pl.LazyFrame]:
    """Answers to surveys, and what people gave tickets; empty when no source tells either."""
    common = ("account_id", "source", "kind", "answered_at", "person", "score")
    given = []
    if "surveys" in view.tables:
        person = pl.coalesce("source_user_id", "response_id")
        given.append(rows(view, "surveys").with_columns(person=person).select(common))
    if view.has("tickets", "satisfaction"):
        rated = rows(view, "tickets").with_columns(
            kind=pl.lit("csat"),
            answered_at=pl.coalesce("resolved_at", "opened_at"),
            person=pl.coalesce("source_user_id", pl.format("ticket {}", "ticket_id")),
            score="satisfaction",
        )
        given.append(rated.select(common))
    return given


def _on_one_scale() -> pl.Expr:
    """0 to 100; null for what is no number of the survey's scale."""
    place = pl.lit(None, pl.Float64)
    for kind, (low, high) in SCALES.items():
        score = pl.col("score")
        within = (pl.col("kind") == kind) & score.is_between(low, high)
        place = pl.when(within).then((score - low) / (high - low) * 100.0).otherwise(place)
    return place
