"""The outbox: what was decided to be told, written once, with the ledger of evaluations.

Belongs here: the tables, what goes in, what is read out. Sending is in `deliver.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime

import polars as pl

from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.schemas.messages import Message
from health_pipeline.core.schemas.results import RESULT_TABLES

TABLES: tuple[str, ...] = (
    """
    CREATE TABLE IF NOT EXISTS evaluations (
        day           TEXT NOT NULL,
        model_version TEXT NOT NULL,
        evaluated_at  TEXT NOT NULL,
        PRIMARY KEY (day, model_version)
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS outbox (
        key         TEXT PRIMARY KEY,         -- dedup_key:to_state:transition_id:channel
        alert_id    TEXT NOT NULL,
        channel     TEXT NOT NULL,
        dedup_key   TEXT NOT NULL,
        payload     TEXT NOT NULL,            -- the alert, JSON
        created_at  TEXT NOT NULL,
        state       TEXT NOT NULL CHECK (state IN ('pending', 'leased', 'delivered', 'dead')),
        attempts    INTEGER NOT NULL,         -- begun, counted before sending
        failures    INTEGER NOT NULL,         -- answered by an error
        next_at     TEXT NOT NULL,
        lease_until TEXT,
        lease_owner TEXT,
        last_error  TEXT
    ) STRICT
    """,
    """
    CREATE INDEX IF NOT EXISTS outbox_open ON outbox (channel, dedup_key)
        WHERE state IN ('pending', 'leased')
    """,
    """
    CREATE TABLE IF NOT EXISTS delivery_attempts (
        delivery_id TEXT PRIMARY KEY,
        alert_id    TEXT NOT NULL,
        target      TEXT NOT NULL,
        key         TEXT NOT NULL,
        attempt     INTEGER NOT NULL,
        at          TEXT NOT NULL,
        ok          INTEGER NOT NULL,
        status_code INTEGER,
        retry_at    TEXT,
        error       TEXT
    ) STRICT
    """,
)


def enqueue(
    connection: sqlite3.Connection,
    day: date,
    model_version: str,
    messages: Iterable[Message],
    now: datetime,
) -> int:
    """Note that `day` was evaluated, and put its messages into the outbox; one transaction.

    Args:
        connection: control.db.
        day: the evaluated day.
        model_version: by which it was evaluated.
        messages: what is to be told.
        now: the wall clock, with time zone.

    Returns:
        How many messages are new; 0 when all of it was evaluated before.
    """
    with transaction(connection):
        connection.execute(
            "INSERT INTO evaluations VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (day.isoformat(), model_version, utc_text(now)),
        )
        return put(connection, messages, now)


def put(connection: sqlite3.Connection, messages: Iterable[Message], now: datetime) -> int:
    """Put messages into the outbox; the caller holds the transaction.

    Returns:
        How many messages are new; one with a key that was put before is the same message.
    """
    at = utc_text(now)
    before = connection.total_changes
    connection.executemany(
        # Not OR IGNORE: that would also swallow a message that breaks a constraint.
        "INSERT INTO outbox (key, alert_id, channel, dedup_key, payload, created_at,"
        " state, attempts, failures, next_at) VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, 0, ?)"
        " ON CONFLICT (key) DO NOTHING",
        [
            (
                one.key,
                one.alerts[0].alert_id if one.alerts else one.key,
                one.channel,
                one.dedup_key,
                one.model_dump_json(),
                at,
                utc_text(one.not_before or now),
            )
            for one in messages
        ],
    )
    return connection.total_changes - before


def is_evaluated(connection: sqlite3.Connection, day: date, model_version: str) -> bool:
    """Whether the ledger holds an evaluation of `day` by `model_version`."""
    return bool(
        connection.execute(
            "SELECT 1 FROM evaluations WHERE day = ? AND model_version = ?",
            (day.isoformat(), model_version),
        ).fetchall()
    )


def waiting(connection: sqlite3.Connection) -> int:
    """How many messages are not delivered and not given up."""
    row = connection.execute("SELECT count(*) FROM outbox WHERE state IN ('pending', 'leased')")
    return int(row.fetchall()[0][0])


def deliveries(connection: sqlite3.Connection) -> pl.DataFrame:
    """`RESULT_TABLES["deliveries"]`: every attempt that was begun and has an end."""
    table = RESULT_TABLES["deliveries"]
    names = ", ".join(table.columns)
    rows = connection.execute(f"SELECT {names} FROM delivery_attempts").fetchall()  # noqa: S608 - our own column names
    moments = {"at", "retry_at"}
    written = {
        name: pl.String() if name in moments else pl.Int64() if name == "ok" else dtype
        for name, dtype in table.columns.items()
    }
    frame = pl.DataFrame(rows, schema=written, orient="row")
    return table.conform(
        frame.with_columns(pl.col(name).str.to_datetime("%+", time_unit="us") for name in moments)
    )


def utc_text(moment: datetime) -> str:
    """UTC, always of one length, so that the order of texts is the order of times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
