"""Decisions of people about identity: appended, never changed or removed (R22)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.identity.decisions import Decision, table_of_decisions

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS identity_decisions (
        id           TEXT PRIMARY KEY,       -- hash of all that the row says
        kind         TEXT NOT NULL CHECK (kind IN ('merge', 'split', 'undo')),
        left_source  TEXT,
        left_id      TEXT,
        right_source TEXT,
        right_id     TEXT,
        undoes       TEXT,                   -- of an undo: the decision that it takes back
        author       TEXT NOT NULL,
        at           TEXT NOT NULL,
        reason       TEXT NOT NULL
    ) STRICT
    """,
    *(
        f"""
        CREATE TRIGGER IF NOT EXISTS identity_decisions_no_{verb}
        BEFORE {verb} ON identity_decisions
        BEGIN SELECT RAISE(ABORT, 'a decision is undone by a further one, never changed'); END
        """
        for verb in ("UPDATE", "DELETE")
    ),
)

_COLUMNS = "id, kind, left_source, left_id, right_source, right_id, undoes, author, at, reason"


def _prepare(connection: sqlite3.Connection) -> None:
    """A control.db of before this table gets it on first use."""
    for statement in TABLES:
        connection.execute(statement)


def decisions(connection: sqlite3.Connection) -> list[Decision]:
    """Every decision, in the order in which they count: by (at, id)."""
    _prepare(connection)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM identity_decisions"  # noqa: S608 - names of this module
    ).fetchall()
    read = [Decision(*row) for row in rows]
    found = [replace(one, at=datetime.fromisoformat(str(one.at)).astimezone(UTC)) for one in read]
    return sorted(found, key=lambda one: (one.at, one.id))


def decision_table(connection: sqlite3.Connection) -> pl.DataFrame:
    """`decisions` as a frame."""
    return table_of_decisions(decisions(connection))


def append(connection: sqlite3.Connection, new: Sequence[Decision]) -> int:
    """Add decisions; those that are there already stay as they are. Returns how many were new."""
    _prepare(connection)
    rows = [
        (
            *(d.id, d.kind, d.left_source, d.left_id, d.right_source, d.right_id, d.undoes),
            *(d.author, d.at.astimezone(UTC).isoformat(), d.reason),
        )
        for d in new
    ]
    before = connection.total_changes
    with transaction(connection):
        connection.executemany(
            f"INSERT OR IGNORE INTO identity_decisions ({_COLUMNS})"  # noqa: S608
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    return connection.total_changes - before
