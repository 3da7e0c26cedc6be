"""The roll-up on an embedded DuckDB: executes the SQL of `core/activity`, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from health_pipeline.adapters.engines import steps
from health_pipeline.adapters.engines.steps import RollUp
from health_pipeline.adapters.store.day_files import KEY_HASH
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.columns import TIMESTAMP

THREADS = 2

FUNCTIONS = (
    # Casting a TIMESTAMPTZ to a date asks the time zone library for every row: 5 × slower.
    "CREATE TEMP MACRO utc_day(moment) AS CAST(make_timestamp(epoch_us(moment)) AS DATE)",
    "CREATE TEMP MACRO sha256_of(words) AS sha256(words)",
)
"""`steps.FUNCTIONS`."""

ID = "hash(source, event_id)"
"""What `steps.EVENT_COLUMNS` calls id, where the files do not hold it."""

NUMBERED = """
SELECT count(DISTINCT value) = 1 AND count(*) = $files
FROM parquet_kv_metadata($paths) WHERE decode(key) = $key
"""
"""Whether every file holds the number of its ids, all by one function."""

_TYPES = {pl.String(): "VARCHAR", pl.Float64(): "DOUBLE", TIMESTAMP: "TIMESTAMPTZ"}


def roll_up(
    files: Sequence[Path],
    *,
    user_links: pl.DataFrame,
    account_xref: pl.DataFrame,
    rules: ActivityRules,
    known_from: date,
    known_to: date,
    claimed_days: Sequence[date] | None = None,
    memory_limit: str = "1GB",
) -> RollUp:
    """User-day activity that became known from `known_from` to `known_to`, both included.

    Args:
        files: Parquet files of landed events (contract columns and known_at); copies are searched
            in these, in no others.
        user_links: `Identity.user_links`.
        account_xref: `Identity.account_xref`.
        rules: features, core events and how far apart copies of one event may lie.
        known_from: first day.
        known_to: last day.
        claimed_days: days before the range whose events a link of the range may claim; `files` hold
            them with `rules.lookback_days` around each. None = `files` hold everything.
        memory_limit: of DuckDB; beyond it spills to a temporary folder.

    Raises:
        RollUpError: a required column is in none of the files.
    """
    if not files:
        return steps.nothing()
    small = steps.inputs(user_links, account_xref, rules, claimed_days)
    with TemporaryDirectory() as spill, _open(memory_limit, spill) as connection:
        for name, frame in small.items():
            # Of a million links the older Arrow layout would copy every string.
            arrow = frame.to_arrow(compat_level=pl.CompatLevel.newest())
            connection.register(name, arrow)
        connection.execute(f"CREATE TEMP VIEW raw_events AS {_events(connection, files)}")

        def text(step: str) -> str:
            return steps.sql(step, rules, known_from, known_to)

        for step in steps.VIEWS:
            connection.execute(f"CREATE TEMP VIEW {step} AS {text(step)}")
        for step in steps.TABLES:
            connection.execute(f"CREATE TEMP TABLE {step} AS {text(step)}")
        return steps.rolled_up({s: connection.sql(text(s)).pl() for s in steps.RESULTS})


def _open(memory_limit: str, spill: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": THREADS,
            "memory_limit": memory_limit,
            "temp_directory": spill,
            # No step promises the order of its rows but those that sort.
            "preserve_insertion_order": False,
        },
    )
    for statement in ("SET TimeZone = 'UTC'", *FUNCTIONS):
        connection.execute(statement)
    return connection


def _events(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> str:
    """Name a relation over `files` and give the select that brings it into shape.

    Raises:
        RollUpError: as `steps.shaped`.
    """
    paths = [str(file) for file in files]
    relation = connection.read_parquet(paths, union_by_name=True, hive_partitioning=False)
    relation.create_view("landed_events")
    given = {"files": len(paths), "paths": paths, "key": KEY_HASH}
    ((numbered,),) = connection.execute(NUMBERED, given).fetchall()
    # Reading a number costs a tenth of reading the text of the id to make one.
    event = f"{KEY_HASH if numbered else ID} AS id"
    columns = [*steps.shaped(relation.columns, files, _TYPES), event]
    return f"SELECT {', '.join(columns)} FROM landed_events"  # noqa: S608 - our own names
