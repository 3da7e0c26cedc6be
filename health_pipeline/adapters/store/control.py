"""`control.db`: the small facts that must survive anything (SQLite, WAL, synchronous=FULL).

Belongs here: opening the file and its tables. Does not: any rule about what is written.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from health_pipeline.adapters.store import (
    alert_book,
    backfills,
    landed,
    manifest,
    models,
    moved,
    outbox,
    outbox_v4,
    play_actions,
    registry,
    silences,
    stale,
)
from health_pipeline.adapters.store.transaction import transaction

TABLES: tuple[str, ...] = (
    "CREATE TABLE IF NOT EXISTS lake (path TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS owner (id TEXT NOT NULL) STRICT",
    *manifest.TABLES,
    *landed.TABLES,
    *registry.TABLES,
    *models.TABLES,
    *outbox.TABLES,
    *backfills.TABLES,
    *play_actions.TABLES,
    *alert_book.TABLES,
    *silences.TABLES,
    *moved.TABLES,
    *stale.TABLES,
)
"""DDL of every table; all STRICT, all created if missing."""

SCHEMA_VERSION = 8
OLDEST = 3
"""Since then a new schema adds tables, which are created when an older file is opened; the outbox
of schema 4 is carried over, and since schema 6 no values of signals are kept beside them."""

PATIENCE = 30
"""Seconds for which a lock of another process is waited for."""


class ControlError(Exception):
    """control.db cannot be used; the message says why and what would help."""


def open_control(path: Path) -> sqlite3.Connection:
    """Open (and on first use create) control.db in autocommit mode.

    Raises:
        ControlError: the file is no SQLite database, was written by another release, is locked, or
            may not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(
            path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
    except sqlite3.OperationalError as error:
        raise _unopened(path, error) from error
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        _migrate(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        raise (locked(path) if is_locked(error) else _unopened(path, error)) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ControlError(f"{path}: not a usable SQLite database ({error})") from error
    except ControlError:
        connection.close()
        raise
    return connection


def _unopened(path: Path, error: sqlite3.Error) -> ControlError:
    return ControlError(f"{path}: cannot be read and written, as every command needs to ({error})")


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another process held the database for longer than `PATIENCE`."""
    return str(error) == "database is locked"


def locked(path: Path) -> ControlError:
    """What to say of it: SQLite names no file."""
    return ControlError(
        f"{path}: another process has locked it for more than {PATIENCE} seconds; let that one "
        "end, and run again"
    )


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > SCHEMA_VERSION:
        raise ControlError(
            f"{path}: written by a newer release (schema {found}, this one knows "
            f"{SCHEMA_VERSION}); upgrade health-pipeline"
        )
    if 0 < found < OLDEST:
        raise ControlError(
            f"{path}: written by an earlier release (schema {found}, this one writes "
            f"{SCHEMA_VERSION}), and its lake with it; compute a new one: name another --lake, or "
            "`make clean`"
        )
    if found < SCHEMA_VERSION:
        with transaction(connection):
            outbox_v4.carry_over(connection)
            for statement in TABLES:
                connection.execute(statement)
            manifest.forget_retired(connection)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
