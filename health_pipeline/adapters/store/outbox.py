"""The outbox: what was decided to be told, written once, with the ledger of evaluations.

Belongs here: the tables, what goes in, what is read out. Leases are in `leases.py`, the pace of
each channel in `flow.py`, sending in `deliver.py`, dead letters in `replay.py`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from health_pipeline.core.schemas.ids import stable_id
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
        key         TEXT PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
        channel     TEXT NOT NULL,
        dedup_key   TEXT NOT NULL CHECK (length(dedup_key) BETWEEN 1 AND 255),
        kind        TEXT NOT NULL,
        payload     TEXT NOT NULL,            -- the message, JSON
        created_at  TEXT NOT NULL,
        due_at      TEXT NOT NULL,            -- not_before, or created_at
        not_after   TEXT,
        state       TEXT NOT NULL CHECK (state IN ('pending', 'leased', 'delivered', 'dead')),
        attempts    INTEGER NOT NULL DEFAULT 0,  -- begun, counted before sending
        failures    INTEGER NOT NULL DEFAULT 0,  -- answered by an error
        doubts      INTEGER NOT NULL DEFAULT 0,  -- attempts that may have arrived
        next_at     TEXT NOT NULL,            -- the next attempt; the end of the lease while leased
        lease_owner TEXT,
        last_error  TEXT
    ) STRICT
    """,
    """
    CREATE INDEX IF NOT EXISTS outbox_open ON outbox (channel, dedup_key)
        WHERE state IN ('pending', 'leased')
    """,
    """
    CREATE INDEX IF NOT EXISTS outbox_due ON outbox (channel, next_at)
        WHERE state IN ('pending', 'leased')
    """,
    """
    CREATE TABLE IF NOT EXISTS channel_flow (
        channel      TEXT PRIMARY KEY,
        free_at      TEXT NOT NULL,           -- the next attempt of the channel by its pace
        paused_until TEXT NOT NULL,           -- as the receiver has asked
        refusals     INTEGER NOT NULL         -- "too many", one after the other
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS delivery_attempts (
        delivery_id     TEXT PRIMARY KEY,
        target          TEXT NOT NULL,
        key             TEXT NOT NULL,
        attempt         INTEGER NOT NULL,
        at              TEXT NOT NULL,
        ok              INTEGER NOT NULL,
        status_code     INTEGER,
        retry_at        TEXT,
        error           TEXT,
        possible_repeat INTEGER NOT NULL      -- an attempt before it may have arrived
    ) STRICT
    """,
)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What is stuck in one channel.

    Attributes:
        channel: its name.
        overdue: messages that were due at the moment asked about, and are neither delivered nor
            given up.
        dead: messages that were given up.
        oldest_due_at: of the overdue ones; None when there is none.
        last_error: of the newest message that has one; holds no secret.
    """

    channel: str
    overdue: int
    dead: int
    oldest_due_at: datetime | None
    last_error: str | None


def put(connection: sqlite3.Connection, messages: Iterable[Message], now: datetime) -> int:
    """Put messages into the outbox, in this order; the caller holds the transaction.

    Returns:
        How many messages are new; one with a key that was put before is the same message.
    """
    before = connection.total_changes
    connection.executemany(
        # Not OR IGNORE: that would also swallow a message that breaks a constraint.
        "INSERT INTO outbox (key, channel, dedup_key, kind, payload, created_at, due_at,"
        " not_after, state, next_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)"
        " ON CONFLICT (key) DO NOTHING",
        [_row(message, now) for message in messages],
    )
    return connection.total_changes - before


def _row(message: Message, now: datetime) -> tuple[str | None, ...]:
    due = utc_text(max(now, message.not_before or now))
    return (
        message.key,
        message.channel,
        message.dedup_key,
        message.kind,
        message.model_dump_json(),
        utc_text(now),
        due,
        utc_text(message.not_after) if message.not_after else None,
        due,
    )


def waiting(connection: sqlite3.Connection) -> int:
    """How many messages are not delivered and not given up."""
    row = connection.execute("SELECT count(*) FROM outbox WHERE state IN ('pending', 'leased')")
    return int(row.fetchall()[0][0])


def undelivered(connection: sqlite3.Connection, due_before: datetime) -> tuple[Undelivered, ...]:
    """What is stuck, channel by channel; channels in which nothing is are left out.

    Args:
        connection: control.db.
        due_before: messages count as overdue that were due before this moment.
    """
    at = utc_text(due_before)
    rows = connection.execute(
        "SELECT channel, sum(state <> 'dead'), sum(state = 'dead'),"
        " min(CASE WHEN state <> 'dead' THEN due_at END),"
        " (SELECT last_error FROM outbox AS e WHERE e.channel = o.channel"
        "   AND e.state <> 'delivered' AND e.last_error IS NOT NULL ORDER BY e.rowid DESC LIMIT 1)"
        " FROM outbox AS o"
        " WHERE state = 'dead' OR (state IN ('pending', 'leased') AND due_at < ?)"
        " GROUP BY channel ORDER BY channel",
        (at,),
    ).fetchall()
    return tuple(
        Undelivered(name, late, dead, datetime.fromisoformat(since) if since else None, why)
        for name, late, dead, since, why in rows
    )


ATTEMPT = ("target", "key", "attempt", "at")
"""What tells an attempt from every other one."""


def deliveries(
    connection: sqlite3.Connection, published: pl.DataFrame | None = None
) -> pl.DataFrame:
    """`RESULT_TABLES["deliveries"]`: every attempt that was begun and has an end.

    One row for each alert of the message, so that it can be seen what was told about an account;
    one row without an alert for a message that is about none.

    Args:
        connection: of control.db.
        published: what this gave before. Its attempts are taken from there, as far as they still
            stand, so that no message is read again.
    """
    table = RESULT_TABLES["deliveries"]
    noted = pl.DataFrame(
        connection.execute(
            "SELECT delivery_id, target, key, attempt, at FROM delivery_attempts"
        ).fetchall(),
        schema=("noted", *ATTEMPT),
        schema_overrides={name: pl.String() for name in ("noted", "target", "key", "at")}
        | {"attempt": pl.Int64()},
        orient="row",
    ).with_columns(_moment("at"))
    kept = table.empty() if published is None else table.conform(published)
    kept = kept.join(noted, on=ATTEMPT, how="semi")
    new = noted.join(kept, on=ATTEMPT, how="anti")["noted"]
    return table.conform(pl.concat([kept, _read(connection, new)]))


def _read(connection: sqlite3.Connection, attempts: pl.Series) -> pl.DataFrame:
    """`deliveries` of these attempts, by their messages."""
    table = RESULT_TABLES["deliveries"]
    rows = connection.execute(
        "SELECT delivery_id, json_extract(one.value, '$.alert_id'), target, a.key, attempt, at, ok,"
        " status_code, retry_at, error, possible_repeat"
        " FROM delivery_attempts AS a LEFT JOIN outbox AS o ON o.key = a.key"
        " LEFT JOIN json_each(o.payload, '$.alerts') AS one ON true"
        " WHERE delivery_id IN (SELECT value FROM json_each(?))",
        (json.dumps(attempts.to_list()),),
    ).fetchall()
    moments, flags = {"at", "retry_at"}, {"ok", "possible_repeat"}
    written = {
        name: pl.String() if name in moments else pl.Int64() if name in flags else dtype
        for name, dtype in table.columns.items()
    }
    named = [(_delivery_id(row[0], row[1]), *row[1:]) for row in rows]
    frame = pl.DataFrame(named, schema=written, orient="row")
    return table.conform(frame.with_columns(_moment(name) for name in moments))


def _moment(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%+", time_unit="us")


def _delivery_id(attempt: str, alert: str | None) -> str:
    return attempt if alert is None else stable_id("delivery of", attempt, alert)


def utc_text(moment: datetime) -> str:
    """UTC, always of one length, so that the order of texts is the order of times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
