"""User-day activity: everything later reads this, never raw events."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline.orchestration.activity import roll_up_window, unresolved_events
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import (
    ACTIVITY as ROOM,
)
from health_pipeline.orchestration.keys import (
    IDENTITY,
    OWNER,
    contract_spec,
    landing_key,
    table_spec,
)
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.pictures import sparkline_svg
from health_pipeline.orchestration.publish import publish
from health_pipeline.orchestration.tables import column_schema, sample_table
from health_pipeline.orchestration.window import run_window

NAME = dg.AssetKey("activity")


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`activity`, and with it `unresolved`: what nobody claims is known only now."""

    @dg.multi_asset(
        name="activity",
        specs=[
            dg.AssetSpec(
                NAME,
                deps=[
                    landing_key("events"),
                    landing_key("usage_daily"),
                    "account_xref",
                    "user_xref",
                ],
                group_name=ROOM,
                description="Who used what on which day: events, core events and features of "
                "each user and day, deduplicated. The partition is the day on which it became "
                "known, so a late event changes no earlier partition.",
                kinds={"duckdb", "sql"},
                owners=[OWNER],
                tags={"room": ROOM[2:]},
                metadata={"dagster/column_schema": column_schema(ACTIVITY)},
                partitions_def=daily(model),
            ),
            table_spec(
                "unresolved",
                IDENTITY,
                ["account_xref", "user_xref", landing_key("events")],
                "Records and events that no account claims, with the reason and how many.",
            ),
        ],
        check_specs=[contract_spec("unresolved")],
        backfill_policy=SINGLE_RUN,
    )
    def activity(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        window = run_window(context)
        with house.open() as stores:
            found = roll_up_window(stores, window, context.run.run_id)
            volume = found.activity.group_by("day").agg(pl.col("events").sum()).sort("day").tail(90)
            yield dg.MaterializeResult(
                asset_key=NAME,
                metadata={
                    "dagster/row_count": found.activity.height,
                    "known_from": str(found.known.first),
                    "known_to": str(found.known.last),
                    "duplicate_events": found.duplicates,
                    "usage_daily_differences": sample_table(found.differences),
                    "events_a_day": dg.MetadataValue.md(sparkline_svg(volume["events"].to_list())),
                    "sample": sample_table(found.activity),
                },
            )
            unresolved = unresolved_events(stores)
            yield from publish(context, stores, {"unresolved": unresolved}, [])

    return [activity]
