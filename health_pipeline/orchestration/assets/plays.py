"""Plays: what is done about a reason, by whom, until when."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.plays.enrol import enrol
from health_pipeline.core.plays.rewind import rewind
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import ACTION, contract_spec, table_spec
from health_pipeline.orchestration.publish import publish, published, version_in
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.window import run_window


def gate_plays(model: HealthModel) -> dict[str, str]:
    """Gate → the play that answers it."""
    single = {gate.name: gate.play for gate in model.scoring.gates}
    return single | {gate.name: gate.play for gate in model.scoring.combined_gates}


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`plays`."""

    @dg.multi_asset(
        name="plays",
        specs=[
            table_spec(
                "plays",
                ACTION,
                ["health_scores", "reason_codes", "population"],
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
            window = run_window(context).through(stores.lake, "health_scores")
            read = published(stores, window, "health_scores", "reason_codes", "population", "plays")
            scores = read["health_scores"]
            found = enrol(
                scores,
                read["reason_codes"],
                rewind(read["plays"], window.first),
                read["population"],
                model.plays,
                version_in(scores),
                gate_plays(model),
            )
            running = found.filter(pl.col("status") != "closed")
            table = running.group_by("play", "status").len("running").sort("play", "status")
            yield from publish(
                context, stores, {"plays": found}, [], {"plays": {"running": table_value(table)}}
            )

    return [plays]
