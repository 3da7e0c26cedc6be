"""Baselines, 0 to 100, score, tier, gates, contributions."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.orchestration.baseline import ensure_baseline
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import SCORE, SIGNALS, contract_spec, table_spec
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.pictures import (
    score_histogram,
    sparkline_svg,
    tier_shares,
)
from health_pipeline.orchestration.publish import publish, published
from health_pipeline.orchestration.steps import Scored, score_days
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.window import REFIT_TAG, Window, run_window

HISTORY_DAYS = 30
"""`trend_30d` looks this far back; held tiers look back seven days."""

TIERS = ("red", "yellow", "green", "unscored")
TABLES = ("signals", "health_scores", "contributions")


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """The scoring room: `baselines`, then signals, scores and contributions together."""
    days = daily(model)

    @dg.multi_asset(
        name="baselines",
        specs=[
            table_spec(
                "baselines",
                SIGNALS,
                ["signal_values", "segments"],
                "What is normal in each segment: the raw values that score 0, 60, 80 and 100, and "
                "the reference that reasons compare with. Fitted once, frozen until a refit.",
            )
        ],
        check_specs=[contract_spec("baselines")],
    )
    def baselines(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        window = run_window(context)
        with house.open() as stores:
            values = stores.lake.frame("signal_values", window.first, window.last)
            segments = stores.lake.frame("segments", window.first, window.last)
            if values is None or segments is None:
                raise dg.Failure(f"no signal values from {window.first} to {window.last}")
            refit = context.run.tags.get(REFIT_TAG) == "true"
            found = ensure_baseline(
                stores, values, segments, run_id=context.run.run_id, refit=refit
            )
            whole = published(stores, window, "baselines")["baselines"]
            figures = {
                "model_version": found.model_version,
                "fitted_through": str(found.fitted_through or "nothing to fit on yet"),
                "fitted_now": found.is_new,
                "borrowed_share": _share(found.frame, "borrowed"),
                "knots": table_value(found.frame.drop("model_version").head(200)),
            }
            yield from publish(context, stores, {"baselines": whole}, [], {"baselines": figures})

    @dg.multi_asset(
        name="scores",
        specs=[
            table_spec(
                "signals",
                SIGNALS,
                ["signal_values", "segments", "baselines"],
                "Every signal of every account and day: raw value, status, age, segment norm, and "
                "its subscore from 0 to 100.",
                partitions_def=days,
            ),
            table_spec(
                "health_scores",
                SCORE,
                ["signals", "population", "segments", "baselines"],
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
            window = run_window(context).through(stores.lake, "health_scores")
            before = window.first - timedelta(days=1)
            history = Window(before - timedelta(days=HISTORY_DAYS), before)
            earlier = published(stores, history, "health_scores")["health_scores"]
            values, segments, population = (
                stores.lake.frame(name, window.first, window.last)
                for name in ("signal_values", "segments", "population")
            )
            valued = set(stores.lake.days("signal_values"))
            absent = [str(day) for day in run_window(context).days if day not in valued]
            if absent or values is None or segments is None or population is None:
                raise dg.Failure(f"no signal values on {', '.join(absent)}; run the whole job")
            baseline = ensure_baseline(stores, values, segments, run_id=context.run.run_id)
            found = score_days(
                model,
                values=values,
                segments=segments,
                population=population,
                baseline=baseline.frame,
                published=earlier,
                model_version=baseline.model_version,
                scored_at=house.now(),
            )
            frames = {name: getattr(found, name) for name in TABLES}
            yield from publish(context, stores, frames, window.days, _metadata(found, window))

    return [baselines, scores]


def _share(frame: pl.DataFrame, column: str) -> float:
    return float(frame[column].cast(pl.Float64).mean() or 0.0) if frame.height else 0.0  # type: ignore[arg-type]


def _metadata(found: Scored, window: Window) -> dict[str, dict[str, Any]]:
    """Figures and pictures of the last day, and of the range where there is one."""
    scores = found.health_scores
    last = scores.filter(pl.col("date") == window.last)
    tiers = last.group_by("tier").agg(
        pl.len().alias("accounts"), pl.col("arr").sum(), pl.col("score").mean()
    )
    red = scores.group_by("date").agg((pl.col("tier") == "red").mean()).sort("date")
    status = (
        found.signals.filter(pl.col("date") == window.last)
        .group_by("signal", "status")
        .len()
        .sort("signal", "status")
    )
    worst_first = tiers.sort(pl.col("tier").cast(pl.Enum(TIERS)))
    pictures: dict[str, Any] = {"tiers": table_value(worst_first)}
    if last["score"].is_not_null().any():
        pictures["scores"] = dg.MetadataValue.md(score_histogram(last))
    if window.first < window.last:
        pictures["tier_shares"] = dg.MetadataValue.md(tier_shares(scores))
        pictures["red_share"] = dg.MetadataValue.md(sparkline_svg(red["tier"].to_list()))
    return {"health_scores": pictures, "signals": {"status": table_value(status)}}
