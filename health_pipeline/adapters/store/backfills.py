"""How far backfills have got, so that a killed one goes on; and the days that they keep quiet."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from health_pipeline.adapters.store.transaction import transaction

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS backfill_steps (
        first    TEXT NOT NULL,              -- the range as it was asked for
        last     TEXT NOT NULL,
        restate  INTEGER NOT NULL,
        step     TEXT NOT NULL,
        inputs   TEXT NOT NULL,              -- digest of everything that the step computes from
        through  TEXT NOT NULL,              -- the last day that is published
        PRIMARY KEY (first, last, restate, step)
    ) STRICT
    """,
    "CREATE TABLE IF NOT EXISTS quiet_days (day TEXT PRIMARY KEY) STRICT",
)


@dataclass(frozen=True, slots=True)
class Backfill:
    """One backfill: the same days asked for in the same way are the same backfill."""

    first: date
    last: date
    restate: bool

    @property
    def key(self) -> tuple[str, str, int]:
        """As the tables know it."""
        return (self.first.isoformat(), self.last.isoformat(), int(self.restate))


def done_through(
    connection: sqlite3.Connection, backfill: Backfill, step: str, inputs: str
) -> date | None:
    """The last day that `step` has published from these inputs; None when it has to begin."""
    row = connection.execute(
        "SELECT through FROM backfill_steps"
        " WHERE first = ? AND last = ? AND restate = ? AND step = ? AND inputs = ?",
        (*backfill.key, step, inputs),
    ).fetchone()
    return date.fromisoformat(row[0]) if row else None


def note_done(
    connection: sqlite3.Connection, backfill: Backfill, step: str, inputs: str, through: date
) -> None:
    """Note that `step` has published every day of `backfill` up to `through`."""
    connection.execute(
        "INSERT OR REPLACE INTO backfill_steps VALUES (?, ?, ?, ?, ?, ?)",
        (*backfill.key, step, inputs, through.isoformat()),
    )


def begun(connection: sqlite3.Connection, backfill: Backfill) -> bool:
    """Whether an earlier run of this backfill was stopped on its way."""
    query = "SELECT 1 FROM backfill_steps WHERE first = ? AND last = ? AND restate = ?"
    return bool(connection.execute(query, backfill.key).fetchall())


def forget(connection: sqlite3.Connection, backfill: Backfill) -> None:
    """Drop the notes of a backfill that has ended."""
    connection.execute(
        "DELETE FROM backfill_steps WHERE first = ? AND last = ? AND restate = ?", backfill.key
    )


def set_quiet(connection: sqlite3.Connection, days: Iterable[date], *, quiet: bool) -> None:
    """Note that nobody is told of what changed on `days`, or that people may be told again."""
    statement = (
        "INSERT OR IGNORE INTO quiet_days VALUES (?)"
        if quiet
        else "DELETE FROM quiet_days WHERE day = ?"
    )
    with transaction(connection):
        connection.executemany(statement, [(day.isoformat(),) for day in days])


def is_quiet(connection: sqlite3.Connection, day: date) -> bool:
    """Whether the run that published `day` was a backfill."""
    query = "SELECT 1 FROM quiet_days WHERE day = ?"
    return bool(connection.execute(query, (day.isoformat(),)).fetchall())
