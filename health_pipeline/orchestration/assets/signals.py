"""Raw signal values of every account and day."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.days import Past, day_views
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.keys import OWNER, SIGNALS, landing_key
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.publish import published
from health_pipeline.orchestration.tables import column_schema, table_value
from health_pipeline.orchestration.usage import USAGE_WINDOWS
from health_pipeline.orchestration.window import Window

READ = (
    "users",
    "subscriptions",
    "seat_requests",
    "invoices",
    "tickets",
    "milestones",
    "engagements",
    "integrations",
    "sentiments",
    "renewals",
)
"""Source tables that kinds of signals look at, beside usage."""


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`signal_values`."""

    @dg.asset(
        name="signal_values",
        deps=[USAGE_WINDOWS, "population", *map(landing_key, READ)],
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
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(context, stores, "signal_values", rescores=False)
            past = Past.of(stores, walk.window)
            for part in walk:
                walk.publish(part, {"signal_values": _measured(stores, past, part)})
            last = walk.last("signal_values")
            table = last.group_by("signal", "status").len("accounts").sort("signal", "status")
            figures = {"signal_values": {"status": table_value(table)}}
            yield from walk.results("signal_values", metadata=figures)

    return [values]


def _measured(stores: Stores, past: Past, part: Window) -> pl.DataFrame:
    found = published(stores, part, "population", USAGE_WINDOWS)
    people, usage = found["population"], found[USAGE_WINDOWS]
    views = day_views(past, people, usage, part.days)
    days = tracked("signal_values", views, len(part.days))
    return pl.concat([signal_values(view, stores.model.signals) for view in days])
