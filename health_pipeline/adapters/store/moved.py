"""Since when accounts consist of other records than before: a merge or split pages nobody."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import polars as pl

from health_pipeline.core.schemas.ids import stable_id

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS moved_accounts (
        account_id TEXT NOT NULL,
        records    TEXT NOT NULL,            -- digest of the records that moved
        first_day  TEXT NOT NULL,            -- the first evaluated day after it
        PRIMARY KEY (account_id, records)
    ) STRICT
    """,
)


def just_moved(
    connection: sqlite3.Connection, moved: pl.DataFrame | None, day: date, days: int
) -> frozenset[str]:
    """Accounts whose records moved less than `days` evaluated days before `day`, or just now.

    Args:
        connection: of control.db.
        moved: `source`, `source_account_id`, `was`, `account_id` of records whose history is not
            restated yet; None: there is none.
        day: the evaluated day.
        days: how long a change of records may look like a change of the customer.
    """
    since = (day - timedelta(days=days - 1)).isoformat()
    known = {
        (account, records): first
        for account, records, first in connection.execute("SELECT * FROM moved_accounts")
    }
    found = {account for (account, _), first in known.items() if first >= since}
    return frozenset(found | {one[0] for one in _touched(moved) if one not in known})


def note_moved(connection: sqlite3.Connection, moved: pl.DataFrame | None, day: date) -> None:
    """Note on which day records were first seen to have moved; the caller holds the transaction."""
    connection.executemany(
        "INSERT OR IGNORE INTO moved_accounts VALUES (?, ?, ?)",
        [(account, records, day.isoformat()) for account, records in _touched(moved)],
    )


def _touched(moved: pl.DataFrame | None) -> list[tuple[str, str]]:
    """Account and digest of its records that came or went, sorted."""
    if moved is None or moved.is_empty():
        return []
    records: dict[str, list[str]] = {}
    columns = ("source", "source_account_id", "was", "account_id")
    for source, key, was, now in moved.select(columns).sort(columns).iter_rows():
        for account in (was, now):
            records.setdefault(account, []).append(f"{source}:{key}:{was}:{now}")
    return sorted((account, stable_id("moved", *rows)) for account, rows in records.items())
