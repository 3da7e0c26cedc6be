"""What people did with plays in the shell: appended, never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

import polars as pl

from health_pipeline.core.plays.people import ACTIONS

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS play_actions (
        play_id TEXT NOT NULL,
        action  TEXT NOT NULL CHECK (action IN ('accept', 'done', 'close')),
        at      TEXT NOT NULL,
        by      TEXT NOT NULL,
        outcome TEXT,
        PRIMARY KEY (play_id, action)
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS play_tasks (
        play_id TEXT PRIMARY KEY,
        task_at TEXT NOT NULL
    ) STRICT
    """,
)


def note_action(
    connection: sqlite3.Connection,
    play_id: str,
    action: str,
    at: datetime,
    by: str,
    outcome: str | None = None,
) -> bool:
    """Remember it; False when the same was done to this play before, which then stands."""
    done = connection.execute(
        "INSERT OR IGNORE INTO play_actions VALUES (?, ?, ?, ?, ?)",
        (play_id, action, at.isoformat(), by, outcome),
    )
    return done.rowcount == 1


def play_actions(connection: sqlite3.Connection) -> pl.DataFrame:
    """Everything that people did: `people.ACTIONS`."""
    rows = connection.execute(
        "SELECT play_id, action, at, by, outcome FROM play_actions ORDER BY at, play_id, action"
    ).fetchall()
    frame = pl.DataFrame(rows, schema={**ACTIONS, "at": pl.String()}, orient="row")
    return frame.with_columns(pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC"))


def note_tasks(connection: sqlite3.Connection, play_ids: Iterable[str], at: datetime) -> None:
    """Remember that these plays stand where people see them since `at`, if not earlier."""
    connection.executemany(
        "INSERT OR IGNORE INTO play_tasks VALUES (?, ?)",
        [(one, at.isoformat()) for one in play_ids],
    )


def play_tasks(connection: sqlite3.Connection) -> pl.DataFrame:
    """`play_id`, `task_at` of every play that people ever saw."""
    rows = connection.execute("SELECT play_id, task_at FROM play_tasks ORDER BY 1").fetchall()
    frame = pl.DataFrame(rows, schema={"play_id": pl.String, "task_at": pl.String}, orient="row")
    return frame.with_columns(pl.col("task_at").str.to_datetime(time_unit="us", time_zone="UTC"))
