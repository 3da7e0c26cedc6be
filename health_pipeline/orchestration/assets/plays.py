"""Plays: what is done about a reason, by whom, until when."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import ACTION, contract_spec, table_spec
from health_pipeline.orchestration.plan import plan_of
from health_pipeline.orchestration.plays import enrolled, held_back
from health_pipeline.orchestration.publish import publish
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.window import run_tags


def assets(_: HealthModel) -> list[dg.AssetsDefinition]:
    """`plays`."""

    @dg.multi_asset(
        name="plays",
        specs=[
            table_spec(
                "plays",
                ACTION,
                ["health_scores", "reason_codes", "population", "overrides"],
                "Every play that was ever opened: for which account and reason, its steps with "
                "owners and dates, and how it ended. One open play an account and episode.",
            )
        ],
        check_specs=[contract_spec("plays")],
    )
    def plays(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            plan = plan_of(stores, run_tags(context))
            found = enrolled(stores, plan)
            held = held_back(found, plan.window.last).height
            running = found.filter(pl.col("status") != "closed")
            table = running.group_by("play", "status").len("running").sort("play", "status")
            figures = {"plays": {"running": table_value(table), "held_back_by_a_mute": held}}
            yield from publish(context, stores, {"plays": found}, figures)

    return [plays]
