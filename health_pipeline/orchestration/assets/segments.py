"""Who is a customer on each day, and in which segment."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from health_pipeline.config.model import HealthModel
from health_pipeline.core.segments.assign import assign
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.days import Past, populations
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import (
    IDENTITY,
    OWNER,
    SIGNALS,
    contract_spec,
    landing_key,
    table_spec,
)
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.publish import INTERNAL_DAILY, published
from health_pipeline.orchestration.tables import column_schema, table_value


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`population` and `segments`."""
    days = daily(model)

    @dg.asset(
        deps=[
            "account_xref",
            "user_xref",
            "activity",
            *(landing_key(name) for name in ("accounts", "users", "subscriptions", "outcomes")),
        ],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        group_name=IDENTITY,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        tags={"room": IDENTITY[2:]},
        metadata={
            "dagster/column_schema": column_schema(INTERNAL_DAILY["population"], "population")
        },
        description="The customers of each day with what was known of them then: plan, region, "
        "ARR, seats, renewal, owner. Excluded and ended accounts are counted, not listed.",
    )
    def population(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(context, stores, "population", rescores=False, width=1)
            past, figures = Past.of(stores, walk.window), {}
            for part in walk:
                people, counts = populations(past, part.days)
                walk.publish(part, {"population": people})
                figures = {"counts": table_value(counts)}
            yield from walk.results("population", metadata={"population": figures})

    @dg.multi_asset(
        name="segments",
        specs=[
            table_spec(
                "segments",
                SIGNALS,
                ["population"],
                "The segment of every account and day: the first rule of segments.yaml that "
                "matches, else the default.",
                partitions_def=days,
            )
        ],
        check_specs=[contract_spec("segments")],
        backfill_policy=SINGLE_RUN,
    )
    def segments(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(context, stores, "segments", rescores=False, width=1, needs=["population"])
            for part in walk:
                people = published(stores, part, "population")["population"]
                walk.publish(part, {"segments": assign(people, model.segments)})
            last = walk.last("segments")
            table = last.group_by("segment").len("accounts").sort("segment")
            figures = {"segments": {"accounts": table_value(table)}}
            yield from walk.results("segments", metadata=figures)

    return [population, segments]
