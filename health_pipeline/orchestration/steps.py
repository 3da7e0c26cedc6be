"""Stages put together where several assets walk the same way: from values to published scores."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.schemas.account_days import KEY, beside, by_day_account
from health_pipeline.core.scoring.disagreement import disagreement
from health_pipeline.core.scoring.expansion import expansion_index
from health_pipeline.core.scoring.gates import gates
from health_pipeline.core.scoring.hard import hard_events
from health_pipeline.core.scoring.health_scores import health_scores
from health_pipeline.core.scoring.score import score
from health_pipeline.core.scoring.tiers import hold
from health_pipeline.core.segments.normalise import normalised_rows

PEOPLE = ("arr", "renews_on", "cancellation_notice_on", "frozen_by")


@dataclass(frozen=True, slots=True)
class Scored:
    """`RESULT_TABLES` shapes of the same names, and the gates that fired."""

    signals: pl.DataFrame
    contributions: pl.DataFrame
    health_scores: pl.DataFrame
    gates: pl.DataFrame


def score_days(
    model: HealthModel,
    *,
    values: pl.DataFrame,
    segments: pl.DataFrame,
    population: pl.DataFrame,
    baseline: pl.DataFrame,
    published: pl.DataFrame,
    model_version: str,
    scored_at: datetime,
) -> Scored:
    """Normalise, score, gate and hold every account and day.

    Args:
        model: the resolved model.
        values: `frames.SIGNAL_VALUES` of the days.
        segments: `RESULT_TABLES["segments"]` of the days.
        population: `DayView.accounts` of the days, with `date`, and with `frozen_by`
            (`outages.FROZEN`) where a source may be down.
        baseline: the frozen baseline.
        published: `grid.EARLIER` of `health_scores` on the days before that are looked at
            (`earlier.earlier_scores`).
        model_version: of model and baseline.
        scored_at: when this runs.
    """
    signals = normalised_rows(values, segments, baseline, model.signals)
    if "frozen_by" not in population.columns:
        population = population.with_columns(pl.lit(None, pl.String).alias("frozen_by"))
    people = by_day_account(population.select(*KEY, *PEOPLE))
    scores = score(
        signals,
        segments,
        people,
        baseline,
        model.signals,
        rules=model.scoring,
        horizon_days=model.churn.horizon_days,
        history=published,
    )
    fired = gates(signals, model.scoring)
    hard = hard_events(signals, people, model.signals)
    raw = beside(beside(scores.raw, fired.select(*KEY, "cap")), hard)
    rests = people.select(*KEY, "frozen_by", frozen=pl.col("frozen_by").is_not_null())
    held = hold(beside(raw, rests), published, model.scoring)
    room = expansion_index(signals, model.scoring.expansion)
    apart = disagreement(scores.raw, signals, model.scoring.views)
    whole = beside(beside(beside(scores.raw, rests), room), apart)
    rows = health_scores(whole, held, fired, model_version=model_version, scored_at=scored_at)
    return Scored(signals.frame, scores.contributions, rows, fired)
