"""Raw signal values of every account and day."""

from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.days import Past, day_views
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import OWNER, SIGNALS, landing_key
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.publish import publish_internal, published
from health_pipeline.orchestration.tables import column_schema, table_value
from health_pipeline.orchestration.window import run_window

READ = (
    "users",
    "subscriptions",
    "invoices",
    "tickets",
    "milestones",
    "engagements",
    "sentiments",
)
"""Source tables that kinds of signals look at, beside usage."""


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`signal_values`."""

    @dg.asset(
        name="signal_values",
        deps=["activity", "population", *map(landing_key, READ)],
        partitions_def=daily(model),
        backfill_policy=SINGLE_RUN,
        group_name=SIGNALS,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        tags={"room": SIGNALS[2:]},
        metadata={"dagster/column_schema": column_schema(SIGNAL_VALUES)},
        description="What each signal of signals.yaml measures, before any threshold: value, "
        "status (measured, missing, stale, not applicable) and the day of its newest information.",
    )
    def values(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> dg.MaterializeResult[Any]:
        window = run_window(context)
        with house.open() as stores:
            people = published(stores, window, "population")["population"]
            views = day_views(Past.of(stores, window), people, window.days)
            days = tracked("signals", views, len(window.days))
            found = pl.concat([signal_values(view, model.signals) for view in days])
            last = found.filter(pl.col("date") == window.last)
            table = last.group_by("signal", "status").len("accounts").sort("signal", "status")
            figures = {"status": table_value(table)}
            return publish_internal(context, stores, "signal_values", found, window.days, figures)

    return [values]
