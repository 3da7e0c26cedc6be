"""Signals from 0 to 100, score, tier, gates, contributions."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.explanation.work import markdown
from health_pipeline.core.schemas.account_days import beside
from health_pipeline.orchestration.assets.signals import MEASURED_FROM, READ
from health_pipeline.orchestration.baseline import Baseline, ensure_baseline
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.earlier import earlier_scores
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.keys import SCORE, SIGNALS, contract_spec, table_spec
from health_pipeline.orchestration.outages import frozen_on
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.pictures import (
    score_histogram,
    sparkline_svg,
    tier_shares,
)
from health_pipeline.orchestration.publish import published
from health_pipeline.orchestration.steps import score_days
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.usage import USAGE_WINDOWS
from health_pipeline.orchestration.values import Values
from health_pipeline.orchestration.window import Window
from health_pipeline.orchestration.worked import lowest_scored, worked

PICTURED_CHUNKS = 3
"""Pictures of a long range show its last chunks."""

TIERS = ("red", "yellow", "green", "unscored")
NEEDED = ("population", USAGE_WINDOWS, "segments")
TABLES = ("signals", "health_scores", "contributions")


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """The scoring room: signals, scores and contributions together."""
    days = daily(model)

    @dg.multi_asset(
        name="scores",
        specs=[
            table_spec(
                "signals",
                SIGNALS,
                ["segments", "baselines", *MEASURED_FROM],
                "Every signal of every account and day: raw value, status, age, segment norm, and "
                "its subscore from 0 to 100.",
                partitions_def=days,
            ),
            table_spec(
                "health_scores",
                SCORE,
                ["signals", "population", "segments", "baselines", "outages"],
                "The score of every account and day, its tier, the gate that capped it, and how "
                "much of the model it rests on (coverage).",
                partitions_def=days,
                freshness_policy=dg.FreshnessPolicy.cron(
                    deadline_cron="0 9 * * *", lower_bound_delta=timedelta(hours=7)
                ),
            ),
            table_spec(
                "contributions",
                SCORE,
                ["signals", "baselines"],
                "What each signal gives to the score: weight x subscore, adding up to it, and "
                "against the segment's reference, which reasons are made of.",
                partitions_def=days,
            ),
        ],
        check_specs=[contract_spec(name) for name in TABLES],
        backfill_policy=SINGLE_RUN,
    )
    def scores(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(context, stores, "scores", rescores=True, needs=NEEDED)
            run_id = context.run.run_id
            values = Values(stores, walk.plan.window, walk.plan.days)
            baseline = ensure_baseline(stores, walk.plan.days, values.on, run_id=run_id)
            tiers: list[pl.DataFrame] = []
            for part in walk:
                found = _scored(stores, part, values, baseline)
                walk.publish(part, found)
                tiers = [*tiers, found["health_scores"].select("date", "tier")][-PICTURED_CHUNKS:]
            yield from walk.results(*TABLES, metadata=_metadata(stores, walk, tiers))

    return [scores]


def _scored(
    stores: Stores, part: Window, values: Values, baseline: Baseline
) -> dict[str, pl.DataFrame]:
    read = published(stores, part, "segments", "population")
    resting = frozen_on(stores, part, READ, stores.model.scoring)
    found = score_days(
        stores.model,
        values=values.of(part),
        segments=read["segments"],
        population=beside(read["population"], resting),
        baseline=baseline.frame,
        published=earlier_scores(stores.lake, part.days, stores.model.scoring),
        model_version=baseline.model_version,
        scored_at=House.now(),
    )
    return {name: getattr(found, name) for name in TABLES}


def _metadata(stores: Stores, walk: Walk, shares: list[pl.DataFrame]) -> dict[str, dict[str, Any]]:
    """Figures and pictures of the last day, and of the last months where there are some.

    Args:
        stores: where it was published.
        walk: what was published.
        shares: date, tier of every account, a frame a chunk.
    """
    last, signals = walk.last("health_scores"), walk.last("signals")
    tiers = last.group_by("tier").agg(
        pl.len().alias("accounts"), pl.col("arr").sum(), pl.col("score").mean()
    )
    status = signals.group_by("signal", "status").len().sort("signal", "status")
    worst_first = tiers.sort(pl.col("tier").cast(pl.Enum(TIERS)))
    pictures: dict[str, Any] = {"tiers": table_value(worst_first)}
    if last["score"].is_not_null().any():
        pictures["scores"] = dg.MetadataValue.md(score_histogram(last))
    by_day = pl.concat(shares) if shares else pl.DataFrame()
    if by_day.height and by_day["date"].n_unique() > 1:
        red = by_day.group_by("date").agg((pl.col("tier") == "red").mean()).sort("date")
        pictures["tier_shares"] = dg.MetadataValue.md(tier_shares(by_day))
        pictures["red_share"] = dg.MetadataValue.md(sparkline_svg(red["tier"].to_list()))
    return {
        "health_scores": pictures,
        "signals": {"status": table_value(status)},
        "contributions": _worked_example(stores, walk),
    }


def _worked_example(stores: Stores, walk: Walk) -> dict[str, Any]:
    """Every calculation behind the lowest score of the last day (R74)."""
    account = lowest_scored(walk.last("health_scores"))
    if account is None or not walk.is_sound:
        return {}
    title = f"How {account} got its score on {walk.window.last}, the lowest of the day"
    page = markdown(title, worked(stores, account, walk.window.last))
    return {"worked_example": dg.MetadataValue.md(page)}
