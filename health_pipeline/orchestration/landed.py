"""What has landed, for the rooms that read it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import polars as pl

from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.window import Window

EVENTS = "events"
LATE_EVENTS = "late_events"
"""Internal table: which event days hold rows that became known on a later day."""


def landing_name(table: str) -> str:
    """The lake's name of a landed table."""
    return f"landing/{table}"


def landed(stores: Stores, table: str) -> pl.DataFrame | None:
    """All landed versions of `table`, None when it is not connected."""
    return stores.lake.frame(landing_name(table))


def landed_tables(stores: Stores) -> dict[str, pl.DataFrame]:
    """Every landed table but events, which are read by the roll-up alone."""
    found = {name: landed(stores, name) for name in SOURCE_TABLES if name != EVENTS}
    return {name: frame for name, frame in found.items() if frame is not None}


def identity_tables(stores: Stores) -> dict[str, pl.DataFrame]:
    """What accounts are resolved from.

    Where nobody hands in `accounts`, the ids that rows carry stand in for it, those of events too.
    """
    tables = landed_tables(stores)
    files = [] if "accounts" in tables else stores.lake.files(landing_name(EVENTS))
    if files:
        events = pl.scan_parquet(files, hive_partitioning=False, missing_columns="insert")
        if "source_account_id" in events.collect_schema().names():
            ids = events.group_by("source", "source_account_id").agg(pl.col("known_at").min())
            tables[EVENTS] = ids.sort("source", "source_account_id").collect()
    return tables


def provided_columns(tables: Mapping[str, pl.DataFrame]) -> dict[str, frozenset[str]]:
    """For each table the columns that some source really delivers."""
    return {name: frozenset(frame.columns) for name, frame in tables.items()}


def event_files(stores: Stores, window: Window) -> list[Path]:
    """Landed events whose copies may meet in `window`: its days, the look-back, late arrivals."""
    name = landing_name(EVENTS)
    start = window.first - timedelta(days=stores.model.activity.lookback_days)
    files = stores.lake.files(name, start, window.last)
    late = stores.lake.frame(LATE_EVENTS)
    if late is not None:
        known = pl.col("known_on").is_between(window.first, window.last)
        older = late.filter(known & (pl.col("day") < start))["day"].unique().sort()
        files += [file for day in older for file in stores.lake.files(name, day, day)]
    return files
