"""Has the distribution of the score, or of a signal, changed more than chance explains?"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.views import build_views
from health_pipeline.config.model import HealthModel
from health_pipeline.core.drift.drift import drift as find_drift
from health_pipeline.orchestration.assets.calibration import month_of, with_month
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.keys import LEARNING, contract_spec, table_spec
from health_pipeline.orchestration.on_call import drifted
from health_pipeline.orchestration.partitions import monthly
from health_pipeline.orchestration.pictures import drift_bars
from health_pipeline.orchestration.publish import publish, published, version_in
from health_pipeline.orchestration.tables import listed, table_value
from health_pipeline.orchestration.window import Window

SCORE = "score"
SLACK_DAYS = 6
"""A window's day that is not published is replaced by the nearest one this far before it."""


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`drift`."""

    @dg.multi_asset(
        name="drift",
        specs=[
            table_spec(
                "drift",
                LEARNING,
                ["health_scores", "signals", "segments"],
                "PSI of the score and of every signal in every segment against 30 days before, "
                "with its sample-size null, false-discovery control, and outages told apart.",
                partitions_def=monthly(model),
                kinds=frozenset({"scipy", "parquet"}),
            )
        ],
        check_specs=[
            contract_spec("drift"),
            dg.AssetCheckSpec(
                "no_drift",
                asset="drift",
                description="No distribution changed by PSI > 0.10 with an adjusted p < 0.05.",
            ),
        ],
    )
    def drift(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        month = month_of(context)
        with house.open() as stores:
            current, version = _window(stores, month.last)
            reference, _ = _window(stores, month.last - timedelta(days=model.drift.reference_days))
            name = f"{month.first:%Y-%m}"
            found = find_drift(reference, current, model.drift, name, version)
            alerts = found.filter((pl.col("metric") == "alert") & (pl.col("value") > 0))
            figures: dict[str, Any] = {"alerts": table_value(alerts.head(50))}
            if found.filter((pl.col("metric") == "psi") & pl.col("value").is_not_null()).height:
                picture = drift_bars(found, model.drift.alert_psi)
                figures["psi"] = dg.MetadataValue.md(picture)
            whole = with_month(stores, "drift", found, month)
            changed = [f"{row['segment']}: {row['subject']}" for row in alerts.to_dicts()]
            for result in publish(context, stores, {"drift": whole}, {"drift": figures}):
                yield result._replace(check_results=[*result.check_results, _no_drift(changed)])
            drifted(stores, month.last, version, changed)
            build_views(stores.lake, house.settings.duckdb)

    return [drift]


def _window(stores: Stores, day: date) -> tuple[pl.DataFrame, str]:
    """account_id, date, segment, subject, value on the nearest scored day up to `day`."""
    first = day - timedelta(days=SLACK_DAYS)
    scored = [d for d in stores.lake.days("health_scores") if first <= d <= day]
    at = scored[-1] if scored else day
    read = published(stores, Window(at, at), "health_scores", "signals")
    scores = read["health_scores"]
    key = ("account_id", "date", "segment")
    signals = read["signals"].join(scores.select(key), on=["account_id", "date"])
    measured = pl.when(pl.col("status") == "measured").then(pl.col("value"))
    rows = pl.concat(
        [
            scores.select(*key, pl.lit(SCORE).alias("subject"), pl.col("score").alias("value")),
            signals.filter(pl.col("status") != "not_applicable").select(
                *key, pl.col("signal").alias("subject"), measured.alias("value")
            ),
        ]
    )
    return rows, version_in(scores)


def _no_drift(changed: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="no_drift",
        asset_key="drift",
        passed=not changed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"changed": listed(changed, "nothing")},
    )
