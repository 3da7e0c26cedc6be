"""The outbox of schema 4, in which each row was one alert, carried over to messages.

Nothing that was delivered is told again, and what waits is told as it was decided.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from health_pipeline.adapters.store import outbox
from health_pipeline.core.schemas.messages import Message

MOVED = ("outbox", "delivery_attempts")


def carry_over(connection: sqlite3.Connection) -> None:
    """Rewrite the tables of an older control.db; the caller holds the transaction."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(outbox)")}
    if "alert_id" not in columns:
        return
    for table in MOVED:
        connection.execute(f"ALTER TABLE {table} RENAME TO {table}_4")
    connection.execute("DROP INDEX IF EXISTS outbox_open")
    for statement in outbox.TABLES:
        connection.execute(statement)
    found = connection.execute("SELECT * FROM outbox_4 ORDER BY rowid")
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    connection.executemany(
        "INSERT INTO outbox (key, channel, dedup_key, kind, payload, created_at, due_at, state,"
        " attempts, failures, doubts, next_at, last_error)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_row(row) for row in rows],
    )
    connection.execute(
        "INSERT INTO delivery_attempts SELECT delivery_id, target, key, attempt, at, ok,"
        " status_code, retry_at, error, 0 FROM delivery_attempts_4"
    )
    for table in MOVED:
        connection.execute(f"DROP TABLE {table}_4")


def _row(old: dict[str, Any]) -> tuple[object, ...]:
    message = _message(old["key"], old["channel"], old["dedup_key"], json.loads(old["payload"]))
    leased = old["state"] == "leased"  # its sender is gone, and may have sent it
    return (
        message.key,
        message.channel,
        message.dedup_key,
        message.kind,
        message.model_dump_json(),
        old["created_at"],
        old["created_at"],
        "pending" if leased else old["state"],
        old["attempts"],
        old["failures"],
        int(leased),
        old["next_at"] or old["created_at"],
        old["last_error"],
    )


def _message(key: str, channel: str, dedup_key: str, alert: dict[str, Any]) -> Message:
    """The alert of an old row as a message about it."""
    one = {
        "alert_id": alert["alert_id"],
        "account_id": alert["account_id"] or "",
        "account": alert["account_id"] or "",
        "sentence": alert["sentence"] or "",
        "play": alert["play_id"],
        **{name: alert[name] for name in ("from_state", "to_state", "play_id", "owner_email")},
        **dict.fromkeys(("signal", "reason_code", "score", "tier", "arr", "play_due")),
    }
    return Message.model_validate(
        {
            "key": key[:200],
            "dedup_key": dedup_key[:255],
            "channel": channel,
            "kind": alert["kind"] or "driver",
            "action": "trigger",
            "severity": alert["severity"] or "warning",
            "title": alert["sentence"] or alert["kind"] or key,
            "text": "",
            "alerts": (one,) if alert["account_id"] else (),
            "links": (),
            "runbook": alert["kind"] or "driver",
            "route": (alert["route"] or "").partition(":")[0],
            "recipient": alert["route"] or "",
            "to": (alert["owner_email"],) if alert["owner_email"] else (),
            "opened_at": alert["opened_at"],
        }
    )
