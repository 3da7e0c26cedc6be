"""The sources room: one asset for each table that users hand in."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg

from health_pipeline.config.model import HealthModel
from health_pipeline.core.schemas.columns import SourceTable
from health_pipeline.core.schemas.source_meanings import source_meaning
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import OWNER, SOURCES, landing_key
from health_pipeline.orchestration.landed import EVENTS, landing_name
from health_pipeline.orchestration.landing import (
    CONTRACT_CHECK,
    READABLE_CHECK,
    Landing,
    land_table,
)
from health_pipeline.orchestration.on_call import unreadable
from health_pipeline.orchestration.plan import landing_window
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.reads import OBSERVED, Reads, last_day
from health_pipeline.orchestration.tables import listed, sample_table
from health_pipeline.orchestration.window import Window, is_backfill, run_tags

FRESH_CHECK = "fresh"
SENT_CHECK = "every_day_sent"


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
        with house.open() as stores:
            tags = run_tags(context)
            reads, window, history = Reads(stores), landing_window(stores, tags), is_backfill(tags)
            for name in tracked("landing", SOURCE_TABLES, len(SOURCE_TABLES)):
                found = land_table(stores, reads, name, window, context.run.run_id)
                if found.error and not history:
                    unreadable(stores, window.last, name, found.error)
                frame = None if name == EVENTS else stores.lake.frame(landing_name(name))
                rows = {} if frame is None else {"sample": sample_table(frame)}
                checks = [_readable(found), _contract(found, model)]
                if name == EVENTS:
                    checks.append(_sent(found))
                if name in OBSERVED:
                    checks.append(_fresh(name, last_day(stores, reads, name), window, model))
                total = stores.lake.rows(landing_name(name))
                yield dg.MaterializeResult(
                    asset_key=landing_key(name),
                    metadata={"dagster/row_count": total, **_metadata(found), **rows},
                    check_results=checks,
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
        metadata={"dagster/column_schema": _columns(table)},
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=model.sources.freshness_hours)
        ),
    )


def _columns(table: SourceTable) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, str(dtype), source_meaning(table.name, name))
            for name, dtype in table.schema.items()
        ]
    )


def _checks(name: str) -> list[dg.AssetCheckSpec]:
    fresh = dg.AssetCheckSpec(
        FRESH_CHECK,
        asset=landing_key(name),
        description="The newest row is not older than `freshness_hours` of sources.yaml.",
    )
    sent = dg.AssetCheckSpec(
        SENT_CHECK,
        asset=landing_key(name),
        description="Each source that sends events sent some on every day of the run; where one "
        "did not, values age, and none becomes zero.",
    )
    return [
        *([fresh] if name in OBSERVED else []),
        *([sent] if name == EVENTS else []),
        dg.AssetCheckSpec(
            READABLE_CHECK,
            asset=landing_key(name),
            description="Every file could be read; if not, the last good landing is in force.",
        ),
        dg.AssetCheckSpec(
            CONTRACT_CHECK,
            asset=landing_key(name),
            description="No row broke the contract; broken rows are in `quarantine`. An error when "
            "their share is beyond `max_quarantine_share` of sources.yaml, else a warning.",
        ),
    ]


def _metadata(found: Landing) -> dict[str, Any]:
    return {
        "connected": found.connected,
        "rows_read_now": found.new_rows,
        "quarantined_now": found.quarantined,
        "files_read_now": ", ".join(found.files) or "none: all were landed already",
        "warnings": listed(found.warnings),
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


def _contract(found: Landing, model: HealthModel) -> dg.AssetCheckResult:
    share = found.quarantined / max(found.quarantined + found.new_rows, 1)
    allowed = model.sources.max_quarantine_share
    too_many = allowed is not None and share > allowed
    return dg.AssetCheckResult(
        check_name=CONTRACT_CHECK,
        asset_key=landing_key(found.table),
        passed=found.quarantined == 0,
        severity=dg.AssetCheckSeverity.ERROR if too_many else dg.AssetCheckSeverity.WARN,
        metadata={
            "quarantined": found.quarantined,
            "share": share,
            "rows_read_now": found.new_rows,
            "warnings": list(found.warnings),
        },
    )


def _sent(found: Landing) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=SENT_CHECK,
        asset_key=landing_key(found.table),
        passed=not found.silent,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"silent": list(found.silent)},
    )


def _fresh(
    name: str, through: date | None, window: Window, model: HealthModel
) -> dg.AssetCheckResult:
    """Whether the newest row is recent enough for the last day of the run."""
    behind = (window.last - through) if through else timedelta(0)
    return dg.AssetCheckResult(
        check_name=FRESH_CHECK,
        asset_key=landing_key(name),
        passed=behind <= timedelta(hours=model.sources.freshness_hours),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "data_through": str(through or "not connected"),
            "run_through": str(window.last),
            "days_behind": max(behind.days, 0),
        },
    )
