"""Driver states, their transitions, and the alerts of the latest day."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.alert_book import alerts_table
from health_pipeline.adapters.store.backfills import set_quiet
from health_pipeline.config.model import HealthModel
from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.orchestration.alerting import evaluate, send_at_once
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.keys import ACTION, contract_spec, table_spec
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.publish import publish, published, version_in
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.window import Window, is_backfill, run_window

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
                # Who is muted is known before the sensor can see the first change.
                ["signals", "health_scores", "overrides"],
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
            walk = Walk(context, stores, "drivers", rescores=True, needs=["signals"])
            quiet = walk.plan.backfill is not None
            # Before anything is visible: the sensor may look at any moment.
            set_quiet(stores.control, walk.days if quiet else walk.plan.days, quiet=quiet)
            for part in walk:
                walk.publish(part, _states(stores, part))
            last = walk.last("driver_states")
            table = last.group_by("signal", "state").len("accounts").sort("signal", "state")
            figures = {"driver_states": {"states": table_value(table)}}
            yield from walk.results(*DRIVERS, metadata=figures)

    @dg.multi_asset(
        name="alerts",
        specs=[
            table_spec(
                "alerts",
                ACTION,
                [
                    *("driver_transitions", "reason_codes", "plays", "population", "accounts"),
                    *("overrides", "outages", "usage_windows", "health_scores"),
                ],
                "What people are told: one alert for each driver of the latest day that entered a "
                "state worth telling, and what was held back, with the reason. What is due is sent "
                "at once; the sensor sends the rest, and what has to be tried again.",
                kinds=frozenset({"sqlite", "parquet"}),
            )
        ],
        check_specs=[contract_spec("alerts")],
    )
    def alerts(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            old = published(stores, run_window(context), "alerts")["alerts"]
            if is_backfill(context.run.tags):
                told = {"alerts": {"told": "nobody: a backfill is history"}}
                yield from publish(context, stores, {"alerts": old}, told)
                return
            found = evaluate(stores)
            sent = send_at_once(stores)
            book = alerts_table(stores.control)
            # What earlier releases told stands in the lake alone.
            whole = pl.concat([book, old.join(book, on="alert_id", how="anti")], how="diagonal")
            figures = {
                "day": str(found.day),
                "queued_now": found.queued,
                "delivered_now": sent.delivered,
                "decisions": table_value(found.decided),
                "channels_not_configured": dg.MetadataValue.json(found.not_configured),
            }
            yield from publish(context, stores, {"alerts": whole}, {"alerts": figures})

    return [drivers, alerts]


def _states(stores: Stores, part: Window) -> dict[str, pl.DataFrame]:
    read, before = published(stores, part, "signals", "health_scores"), part.before(1)
    states, transitions = driver_states(
        read["signals"],
        stores.model.signals,
        published(stores, before, "driver_states")["driver_states"],
        stores.model.alerts,
        version_in(read["health_scores"]),
    )
    return dict(zip(DRIVERS, (states, transitions), strict=True))
