"""The roll-up on an embedded DuckDB: executes the SQL of `core/activity`, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files as resources
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from health_pipeline.core.activity.feature_map import event_map, feature_map
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS, UNRESOLVED_EVENTS

THREADS = 2
EVER, NEVER = date(1, 1, 1), date(9999, 12, 31)

_COLUMNS = {
    "source": "VARCHAR",
    "event_id": "VARCHAR",
    "occurred_at": "TIMESTAMPTZ",
    "known_at": "TIMESTAMPTZ",
    "source_user_id": "VARCHAR",
    "source_account_id": "VARCHAR",
    "event_name": "VARCHAR",
    "feature": "VARCHAR",
    "quantity": "DOUBLE",
}
_REQUIRED = ("source", "event_id", "occurred_at", "known_at", "event_name")


class RollUpError(Exception):
    """The events cannot be rolled up; the message names the files and what is missing."""


@dataclass(frozen=True, slots=True)
class RollUp:
    """What a range of days added.

    Attributes:
        activity: `ACTIVITY` rows that became known in the range.
        source_days: `SOURCE_DAYS` rows that became known in the range.
        unresolved: `UNRESOLVED_EVENTS` rows, of the events that no account claims.
        duplicates: copies of events that were known already.
    """

    activity: pl.DataFrame
    source_days: pl.DataFrame
    unresolved: pl.DataFrame
    duplicates: int


def _sql(step: str) -> str:
    return resources("health_pipeline.core.activity").joinpath(f"{step}.sql").read_text("utf-8")


def _user_intervals(user_links: pl.DataFrame) -> pl.DataFrame:
    """`Identity.user_links` by day: each link valid until the next, the first one since ever."""
    user = ["source", "source_user_id"]
    return (
        user_links.sort(*user, "linked_at")
        .with_columns(pl.col("linked_at").cast(pl.Date).alias("linked_on"))
        .unique([*user, "linked_on"], keep="last", maintain_order=True)
        .with_columns(
            pl.when(pl.int_range(pl.len()).over(user) == 0)
            .then(pl.lit(EVER))
            .otherwise(pl.col("linked_on"))
            .alias("valid_from"),
            pl.col("linked_on").shift(-1).over(user).fill_null(NEVER).alias("valid_until"),
        )
        .drop("linked_at")
    )


def _events(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> str:
    """Name a relation over `files` and give the select that brings it into shape.

    Raises:
        RollUpError: a required column is in none of the files.
    """
    relation = connection.read_parquet(
        [str(file) for file in files], union_by_name=True, hive_partitioning=False
    )
    relation.create_view("landed_events")
    missing = [name for name in _REQUIRED if name not in relation.columns]
    if missing:
        raise RollUpError(f"{files[0]} and {len(files) - 1} more: no column {', '.join(missing)}")
    columns = (
        f"CAST({name if name in relation.columns else 'NULL'} AS {dtype}) AS {name}"
        for name, dtype in _COLUMNS.items()
    )
    return f"SELECT {', '.join(columns)} FROM landed_events"  # noqa: S608 - our own names


def _shaped(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def roll_up(
    files: Sequence[Path],
    *,
    user_links: pl.DataFrame,
    account_xref: pl.DataFrame,
    rules: ActivityRules,
    known_from: date,
    known_to: date,
    memory_limit: str = "2GB",
) -> RollUp:
    """User-day activity that became known from `known_from` to `known_to`, both included.

    Args:
        files: Parquet files of landed events (contract columns and known_at) whose days cover the
            range and `rules.lookback_days` before it; copies are searched in these, in no others.
        user_links: `Identity.user_links`.
        account_xref: `Identity.account_xref`.
        rules: features and core events.
        known_from: first day.
        known_to: last day.
        memory_limit: of DuckDB; beyond it spills to a temporary folder.

    Raises:
        RollUpError: a required column is in none of the files.
    """
    if not files:
        empty = pl.DataFrame(schema=UNRESOLVED_EVENTS)
        return RollUp(pl.DataFrame(schema=ACTIVITY), pl.DataFrame(schema=SOURCE_DAYS), empty, 0)
    days = {"known_from": known_from, "known_to": known_to}
    with TemporaryDirectory() as spill, _open(memory_limit, spill) as connection:
        inputs = {
            "user_links": _user_intervals(user_links),
            "account_links": account_xref.with_columns(linked_on=pl.col("linked_at").dt.date()),
            "feature_map": feature_map(rules),
            "event_map": event_map(rules),
        }
        for name, frame in inputs.items():
            connection.register(name, frame.to_arrow())
        connection.execute(f"CREATE TEMP VIEW raw_events AS {_events(connection, files)}")
        for table, step in (("event_copies", "dedupe"), ("usage", "attribute")):
            _create(connection, table, step, days)
        return RollUp(
            _shaped(_read(connection, "roll_up", days), ACTIVITY),
            _shaped(_read(connection, "source_days", days), SOURCE_DAYS),
            _shaped(_read(connection, "unresolved", days), UNRESOLVED_EVENTS),
            int(_read(connection, "duplicates", days).item()),
        )


def _open(memory_limit: str, spill: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={"threads": THREADS, "memory_limit": memory_limit, "temp_directory": spill},
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _create(
    connection: duckdb.DuckDBPyConnection, table: str, step: str, days: dict[str, date]
) -> None:
    connection.execute(f"CREATE TEMP TABLE {table} AS {_sql(step)}", _used(_sql(step), days))


def _read(connection: duckdb.DuckDBPyConnection, step: str, days: dict[str, date]) -> pl.DataFrame:
    frame: pl.DataFrame = connection.sql(_sql(step), params=_used(_sql(step), days)).pl()
    return frame


def _used(sql: str, days: dict[str, date]) -> dict[str, date]:
    return {name: day for name, day in days.items() if f"${name}" in sql}
