"""Plays: what is done about a reason, by whom, until when; and what needs one."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.plays.coverage import coverage
from health_pipeline.core.plays.guard import discount_guard
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.days import as_of_days
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.keys import ACTION, contract_spec, landing_key, table_spec
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.plan import plan_of
from health_pipeline.orchestration.plays import (
    enrolled,
    held_back,
    note_seen,
    plans_of,
    unowned,
)
from health_pipeline.orchestration.publish import publish, published
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.window import Window, run_tags


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`plays` and `discount_guard`."""

    @dg.multi_asset(
        name="plays",
        specs=[
            table_spec(
                "plays",
                ACTION,
                [
                    *("health_scores", "reason_codes", "population", "overrides"),
                    landing_key("interventions"),
                ],
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
            alone = unowned(running, stores.model.plays).height
            told = {"held_back_by_a_mute": held, "nobody_owns": alone}
            figures = {"plays": {"running": table_value(table), **told}}
            yield from publish(context, stores, {"plays": found}, figures)
            note_seen(stores, found)

    @dg.multi_asset(
        name="discount_guard",
        specs=[
            table_spec(
                "discount_guard",
                ACTION,
                ["health_scores", "plays", landing_key("renewals"), landing_key("interventions")],
                "Each open renewal that asks for a discount: allowed, or blocked until a person "
                "accepts a recovery plan, with the reason; a row a day is the audit trail.",
                partitions_def=daily(model),
            )
        ],
        check_specs=[contract_spec("discount_guard")],
        backfill_policy=SINGLE_RUN,
    )
    def guard(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(
                context, stores, "discount_guard", rescores=True, width=1, needs=["health_scores"]
            )
            for part in walk:
                walk.publish(part, {"discount_guard": _guard(stores, part)})
            day = walk.window.last
            found = coverage(
                published(stores, Window(day, day), "health_scores")["health_scores"],
                *plans_of(stores, Window(day, day)),
            )
            figures = {"discount_guard": {"accounts_with_a_recovery_plan": table_value(found)}}
            yield from walk.results("discount_guard", metadata=figures)

    return [plays, guard]


def _guard(stores: Stores, part: Window) -> pl.DataFrame:
    renewals = as_of_days(stores, part, "renewals").get("renewals")
    scores = published(stores, part, "health_scores")["health_scores"]
    return discount_guard(renewals, scores, plans_of(stores, part)[0])
