"""User-day activity: everything later reads this, never raw events."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from health_pipeline.adapters.store.stale import note_stale
from health_pipeline.config.model import HealthModel
from health_pipeline.core.activity.observed import OBSERVED
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline.orchestration.activity import roll_up_window, unresolved_events
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.copies_agree import copies_check, copies_spec
from health_pipeline.orchestration.features_known import features_check, features_spec
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
from health_pipeline.orchestration.publish import publish, published
from health_pipeline.orchestration.tables import column_schema, sample_table, table_value
from health_pipeline.orchestration.usage import USAGE_WINDOWS, WIDTH, Usage
from health_pipeline.orchestration.usage_stale import stale, stale_days
from health_pipeline.orchestration.window import run_window

NAME = dg.AssetKey("activity")


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`activity`, and after it `unresolved`: what nobody claims is known only now.

    Two steps: in a step that gives one asset with partitions and one without, Dagster 1.13 refuses
    every backfill that is launched from the graph.
    """
    return [_activity(model), _unresolved(), _usage_windows(model)]


def _activity(model: HealthModel) -> dg.AssetsDefinition:
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
                metadata={"dagster/column_schema": column_schema(ACTIVITY, NAME.to_user_string())},
                partitions_def=daily(model),
            ),
        ],
        check_specs=[copies_spec()],
        backfill_policy=SINGLE_RUN,
    )
    def activity(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        window = run_window(context)
        with house.open() as stores:
            found = roll_up_window(stores, window, context.run.run_id)
            volume = found.volume["events"].tail(90).to_list()
            yield dg.MaterializeResult(
                asset_key=NAME,
                metadata={
                    "dagster/row_count": found.rows,
                    "known_from": str(found.known.first),
                    "known_to": str(found.known.last),
                    "duplicate_events": found.duplicates,
                    "conflicting_copies": found.conflicts,
                    "copies_that_say_something_else": sample_table(found.conflict_sample),
                    "usage_daily_differences": sample_table(found.differences),
                    "events_a_day": dg.MetadataValue.md(sparkline_svg(volume)),
                    "sample": sample_table(found.sample),
                },
                check_results=[copies_check(found.conflicts, found.conflict_sample)],
            )

    return activity


def _unresolved() -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="unresolved",
        specs=[
            table_spec(
                "unresolved",
                IDENTITY,
                ["account_xref", "user_xref", landing_key("events"), NAME],
                "Records and events that no account claims, with the reason and how many.",
            )
        ],
        check_specs=[contract_spec("unresolved")],
    )
    def unresolved(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            yield from publish(context, stores, {"unresolved": unresolved_events(stores)})

    return unresolved


def _usage_windows(model: HealthModel) -> dg.AssetsDefinition:
    @dg.asset(
        name=USAGE_WINDOWS,
        deps=[NAME, "population"],
        partitions_def=daily(model),
        backfill_policy=SINGLE_RUN,
        group_name=ROOM,
        kinds={"numpy", "parquet"},
        owners=[OWNER],
        tags={"room": ROOM[2:]},
        metadata={"dagster/column_schema": column_schema(OBSERVED, USAGE_WINDOWS)},
        check_specs=[features_spec()],
        description="Active users of 7, 30 and 90 days, their last 14 weeks, events, core use and "
        "features of each account, up to the last day that its sources delivered.",
    )
    def usage_windows(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        with house.open() as stores:
            anew, usage = stale_days(stores.lake), Usage(stores, stale(stores.lake))
            walk = Walk(context, stores, USAGE_WINDOWS, rescores=False, width=WIDTH, also=anew)
            for part in walk:
                people = published(stores, part, "population")["population"]
                walk.publish(part, {USAGE_WINDOWS: usage.rows(people, part.days)})
                stores.lake.publish(usage.state(), run_id=context.run.run_id, at=House.now())
            if walk.is_sound:
                note_stale(stores.control, None)
            ends = walk.last(USAGE_WINDOWS).group_by("observed_on").len("accounts")
            figures = {"known_up_to": table_value(ends.sort("observed_on", descending=True))}
            yield from walk.results(USAGE_WINDOWS, metadata={USAGE_WINDOWS: figures})
            yield features_check(stores, walk.last(USAGE_WINDOWS))

    return usage_windows
