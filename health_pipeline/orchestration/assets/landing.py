"""The sources room: one asset for each table that users hand in."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from health_pipeline.config.model import HealthModel
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import OWNER, SOURCES, landing_key
from health_pipeline.orchestration.landing import (
    READABLE_CHECK,
    Landing,
    Reads,
    land_table,
    landing_name,
)
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.tables import column_schema, sample_table
from health_pipeline.orchestration.window import run_window

CONTRACT = "rows_keep_contract"


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """All source tables in one step; each is an asset with checks of its own."""

    @dg.multi_asset(
        name="landing",
        specs=[_spec(name, model) for name in SOURCE_TABLES],
        check_specs=[spec for name in SOURCE_TABLES for spec in _checks(name)],
    )
    def landing(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        window = run_window(context)
        with house.open() as stores:
            reads = Reads(stores)
            for name in tracked("landing", SOURCE_TABLES, len(SOURCE_TABLES)):
                found = land_table(stores, reads, name, window, context.run_id)
                frame = None if name == "events" else stores.lake.frame(landing_name(name))
                rows = {} if frame is None else {"sample": sample_table(frame)}
                yield dg.MaterializeResult(
                    asset_key=landing_key(name),
                    metadata={**_metadata(found), **rows},
                    check_results=[_readable(found), _contract(found)],
                )

    return [landing]


def _spec(name: str, model: HealthModel) -> dg.AssetSpec:
    table = SOURCE_TABLES[name]
    mapped = "mapped by sources.yaml" if name in model.sources.tables else "read by its own names"
    return dg.AssetSpec(
        landing_key(name),
        group_name=SOURCES,
        description=f"`{name}` as handed in, {mapped}: every version of every row with the time "
        f"from which it is known. Key: {', '.join(table.key)}.",
        kinds={"file", "parquet"},
        owners=[OWNER],
        tags={"room": SOURCES[2:]},
        metadata={"dagster/column_schema": column_schema(table.schema)},
    )


def _checks(name: str) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            READABLE_CHECK,
            asset=landing_key(name),
            description="Every file could be read; if not, the last good landing is in force.",
        ),
        dg.AssetCheckSpec(
            CONTRACT,
            asset=landing_key(name),
            description="No row broke the contract; broken rows are in `quarantine`.",
        ),
    ]


def _metadata(found: Landing) -> dict[str, Any]:
    return {
        "dagster/row_count": found.rows,
        "connected": found.connected,
        "rows_read_now": found.new_rows,
        "quarantined_now": found.quarantined,
        "files_read_now": ", ".join(found.files) or "none: all were landed already",
        "warnings": dg.MetadataValue.md("\n".join(f"- {text}" for text in found.warnings) or "–"),
    }


def _readable(found: Landing) -> dg.AssetCheckResult:
    why = found.error or "every file could be read"
    return dg.AssetCheckResult(
        check_name=READABLE_CHECK,
        asset_key=landing_key(found.table),
        passed=found.error is None,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"why": why, "last_good_landing_in_force": found.connected},
    )


def _contract(found: Landing) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=CONTRACT,
        asset_key=landing_key(found.table),
        passed=found.quarantined == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"quarantined": found.quarantined, "rows_read_now": found.new_rows},
    )
