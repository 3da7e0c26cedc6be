"""Of which days the stored windows of usage no longer follow from the activity."""

from __future__ import annotations

import sqlite3
from datetime import date

from health_pipeline.adapters.store.transaction import transaction

TABLES = (
    "CREATE TABLE IF NOT EXISTS stale_windows (first TEXT NOT NULL, last TEXT NOT NULL) STRICT",
)
"""One row, or none."""


def stale_between(connection: sqlite3.Connection) -> tuple[date, date] | None:
    """The first and the last of these days; None where there are none."""
    row = connection.execute("SELECT first, last FROM stale_windows").fetchone()
    return None if row is None else (date.fromisoformat(row[0]), date.fromisoformat(row[1]))


def note_stale(connection: sqlite3.Connection, days: tuple[date, date] | None) -> None:
    """Note the first and the last of these days; None = there are none any more."""
    if stale_between(connection) == days:
        return
    with transaction(connection):
        connection.execute("DELETE FROM stale_windows")
        if days is not None:
            both = [day.isoformat() for day in days]
            connection.execute("INSERT INTO stale_windows VALUES (?, ?)", both)
