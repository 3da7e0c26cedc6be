"""The rooms in pipeline order, and how an asset of a result table is described."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.publish import CONTRACT_CHECK
from health_pipeline.orchestration.tables import column_schema

OWNER = "team:customer-health"

SOURCES, IDENTITY, ACTIVITY = "1_sources", "2_identity", "3_activity"
SIGNALS, SCORE, ACTION, LEARNING = "4_signals", "5_score", "6_action", "7_learning"


def landing_key(table: str) -> dg.AssetKey:
    """Asset key of a landed source table."""
    return dg.AssetKey(["landing", table])


def table_spec(
    name: str,
    group: str,
    deps: Sequence[Any],
    description: str,
    *,
    partitions_def: dg.PartitionsDefinition[Any] | None = None,
    kinds: frozenset[str] = frozenset({"polars", "parquet"}),
    **more: Any,
) -> dg.AssetSpec:
    """Spec of an asset that publishes the result table `name`."""
    return dg.AssetSpec(
        name,
        deps=deps,
        group_name=group,
        description=description,
        kinds=set(kinds),
        owners=[OWNER],
        tags={"room": group[2:]},
        metadata={"dagster/column_schema": column_schema(RESULT_TABLES[name].columns, name)},
        partitions_def=partitions_def,
        **more,
    )


def contract_spec(name: str) -> dg.AssetCheckSpec:
    """The blocking check that a published table keeps its contract."""
    return dg.AssetCheckSpec(
        CONTRACT_CHECK,
        asset=name,
        blocking=True,
        description="Columns, types, keys and value ranges are as docs/tables.md promises.",
    )
