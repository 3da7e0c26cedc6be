"""Driver states, their transitions, and the alerts of the latest day."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.alerting import evaluate
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import ACTION, contract_spec, table_spec
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.publish import publish, published, version_in
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.window import run_window

DRIVERS = ("driver_states", "driver_transitions")


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`driver_states` with `driver_transitions`, then `alerts`."""
    days = daily(model)

    @dg.multi_asset(
        name="drivers",
        specs=[
            table_spec(
                "driver_states",
                ACTION,
                ["signals", "health_scores"],
                "Every driver of every account: healthy, watch, risk or unknown, and since when. "
                "A band and distinct days of data keep it from flapping.",
                partitions_def=days,
            ),
            table_spec(
                "driver_transitions",
                ACTION,
                ["signals", "health_scores"],
                "Every change of a driver's state, with its episode; silent ones are no news.",
                partitions_def=days,
            ),
        ],
        check_specs=[contract_spec(name) for name in DRIVERS],
        backfill_policy=SINGLE_RUN,
    )
    def drivers(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            window = run_window(context).through(stores.lake, "driver_states")
            read = published(stores, window, "signals", "health_scores")
            before = window.first - timedelta(days=1)
            previous = stores.lake.frame("driver_states", before, before)
            empty = RESULT_TABLES["driver_states"].empty()
            states, transitions = driver_states(
                read["signals"],
                model.signals,
                empty if previous is None else previous,
                model.alerts,
                version_in(read["health_scores"]),
            )
            last = states.filter(pl.col("date") == window.last)
            table = last.group_by("signal", "state").len("accounts").sort("signal", "state")
            yield from publish(
                context,
                stores,
                {"driver_states": states, "driver_transitions": transitions},
                window.days,
                {"driver_states": {"states": table_value(table)}},
            )

    @dg.multi_asset(
        name="alerts",
        specs=[
            table_spec(
                "alerts",
                ACTION,
                ["driver_transitions", "reason_codes", "plays", "population", "accounts"],
                "What people are told: one alert for each driver of the latest day that entered a "
                "state worth telling, with sentence, owner and play. The sensor delivers them.",
                kinds=frozenset({"sqlite", "parquet"}),
            )
        ],
        check_specs=[contract_spec("alerts")],
    )
    def alerts(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            found = evaluate(stores)
            before = stores.lake.frame("alerts")
            old = RESULT_TABLES["alerts"].empty() if before is None else before
            whole = pl.concat([old, found.alerts], how="vertical_relaxed").unique(
                "alert_id", keep="first", maintain_order=True
            )
            figures = {
                "day": str(found.day),
                "queued_now": found.queued,
                "decisions": table_value(found.decided),
                "channels_not_configured": dg.MetadataValue.json(found.not_configured),
            }
            yield from publish(context, stores, {"alerts": whole}, [], {"alerts": figures})

    return [drivers, alerts]
