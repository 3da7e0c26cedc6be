"""`control.db`: the small facts that must survive anything (SQLite, WAL, synchronous=FULL).

Belongs here: opening the file and its tables. Does not: any rule about what is written.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from health_pipeline.adapters.store import landed, manifest, models, outbox, registry
from health_pipeline.adapters.store.transaction import transaction

TABLES: tuple[str, ...] = (
    "CREATE TABLE IF NOT EXISTS lake (path TEXT NOT NULL) STRICT",
    *manifest.TABLES,
    *landed.TABLES,
    *registry.TABLES,
    *models.TABLES,
    *outbox.TABLES,
)
"""DDL of every table; all STRICT, all created if missing."""

SCHEMA_VERSION = 1


class ControlError(Exception):
    """control.db cannot be used; the message says why and what would help."""


def bind_lake(connection: sqlite3.Connection, path: Path, lake: Path) -> None:
    """Tie control.db to its lake, so that two worlds never mix.

    A lake that was moved (the old place is gone) is followed.

    Raises:
        ControlError: control.db belongs to another lake that still exists.
    """
    here = str(lake.resolve())
    row = connection.execute("SELECT path FROM lake").fetchone()
    if row is None:
        connection.execute("INSERT INTO lake VALUES (?)", (here,))
    elif row[0] != here:
        if Path(row[0]).exists():
            raise ControlError(
                f"{path} belongs to the lake {row[0]}, not to {here}; "
                "name another HEALTH_CONTROL_DB for this lake"
            )
        connection.execute("UPDATE lake SET path = ?", (here,))


def open_control(path: Path) -> sqlite3.Connection:
    """Open (and on first use create) control.db in autocommit mode.

    Raises:
        ControlError: the file is no SQLite database, or was written by a newer release.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        _migrate(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ControlError(f"{path}: not a usable SQLite database ({error})") from error
    except ControlError:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > SCHEMA_VERSION:
        raise ControlError(
            f"{path}: written by a newer release (schema {found}, this one knows "
            f"{SCHEMA_VERSION}); upgrade health-pipeline"
        )
    if found < SCHEMA_VERSION:
        with transaction(connection):
            for statement in TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
