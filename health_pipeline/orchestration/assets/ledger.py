"""The 24-hour ledger: how long it takes from the event to the first touch."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.play_actions import play_tasks
from health_pipeline.config.model import HealthModel
from health_pipeline.core.plays.ledger import (
    LIMIT_HOURS,
    Told,
    action_ledger,
    late_tasks,
    leg_hours,
    untouched,
)
from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import ACTION, contract_spec, table_spec
from health_pipeline.orchestration.publish import publish, published, published_on
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.window import run_window

LEDGER = "action_ledger"
SYSTEM_CHECK, HUMAN_CHECK = "task_within_24_hours", "touched_within_24_hours"


def assets(_: HealthModel) -> list[dg.AssetsDefinition]:
    """`action_ledger` with its two checks."""

    @dg.multi_asset(
        name=LEDGER,
        specs=[
            table_spec(
                LEDGER,
                ACTION,
                ["plays", "health_scores", "reason_codes", "alerts"],
                "Each play from the event to the first touch: when it happened, was known, scored, "
                "alerted, became a task, and was taken up.",
            )
        ],
        check_specs=[
            contract_spec(LEDGER),
            dg.AssetCheckSpec(
                SYSTEM_CHECK,
                asset=LEDGER,
                description="From known to task in 24 hours: what the system owes (R5).",
            ),
            dg.AssetCheckSpec(
                HUMAN_CHECK,
                asset=LEDGER,
                description="From task to first touch in 24 hours, by owner: what people owe.",
            ),
        ],
    )
    def ledger(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            window = run_window(context)
            read = published(stores, window, "plays", "alerts", "deliveries")
            days = sorted(set(read["plays"]["opened_at"].dt.date()))
            found = action_ledger(
                read["plays"],
                play_tasks(stores.control),
                published_on(stores, "health_scores", days),
                published_on(stores, "reason_codes", days),
                Told(read["alerts"], read["deliveries"]),
            )
            legs = leg_hours(found)
            told = {LEDGER: {"hours": table_value(legs)}}
            for result in publish(context, stores, {LEDGER: found}, told):
                checks = [
                    *result.check_results,
                    system_check(found),
                    human_check(found, house.now()),
                ]
                yield result._replace(check_results=checks)

    return [ledger]


def system_check(found: pl.DataFrame) -> dg.AssetCheckResult:
    """Known → task in 24 hours; late ones are an error."""
    late = late_tasks(found)
    return dg.AssetCheckResult(
        check_name=SYSTEM_CHECK,
        asset_key=LEDGER,
        passed=late.is_empty(),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"limit_hours": LIMIT_HOURS, "late": table_value(late.head(20))},
    )


def human_check(found: pl.DataFrame, now: datetime) -> dg.AssetCheckResult:
    """Task → first touch in 24 hours, by owner; late ones are a warning."""
    owners = untouched(found, pl.lit(now).cast(TIMESTAMP))
    return dg.AssetCheckResult(
        check_name=HUMAN_CHECK,
        asset_key=LEDGER,
        passed=not owners["late"].sum(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"by_owner": table_value(owners.head(50))},
    )
