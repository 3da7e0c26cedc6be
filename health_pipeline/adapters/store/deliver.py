"""Sending what the outbox holds: at least once, in order per key.

A message is leased, sent, and its answer noted. A killed process leaves a lease that expires, and
the message is sent again under the same key, by which a receiver can drop what it has seen.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from health_pipeline.adapters.channels.channel import Channel, SendResult
from health_pipeline.adapters.store.outbox import utc_text
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.schemas.ids import stable_id

RETRY_CEILINGS = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds after the first, second, … failure, from which full jitter draws; then it is dead."""

LONGEST_WAIT = 86_400.0
"""No Retry-After holds a message back longer than this many seconds."""

LEASE_MARGIN = 30.0
"""Seconds that a lease outlives the deadline of its attempt."""

NO_ANSWER = "no answer was noted: the sender stopped while sending"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one call of `deliver` did, in messages; `waiting` and `without_channel` remain."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    waiting: int = 0
    without_channel: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """One message taken for sending; `attempt` counts from 1, `failures` are noted errors."""

    key: str
    alert_id: str
    channel: Channel
    payload: Mapping[str, Any]
    attempt: int
    failures: int
    owner: str


def deliver(
    connection: sqlite3.Connection,
    channels: Mapping[str, Channel],
    clock: Callable[[], datetime],
    jitter: Callable[[float, float], float],
    budget_seconds: float = 45.0,
) -> DeliveryReport:
    """Send what is due, one message after the other, until nothing is or the budget is spent.

    Args:
        connection: control.db. No transaction is open while something is being sent.
        channels: the ready channels by name; messages of others stay where they are.
        clock: the wall clock, with time zone.
        jitter: a uniform draw between two numbers of seconds (`SystemRandom().uniform`).
        budget_seconds: no attempt is begun after these.

    Returns:
        What happened, and what is left. A failed message is tried again after a draw between 0 and
        its ceiling of `RETRY_CEILINGS`, not before Retry-After; after the last one it is dead.
    """
    owner = uuid.uuid4().hex
    begun, report = clock(), DeliveryReport()
    while (clock() - begun).total_seconds() < budget_seconds:
        lease = _take(connection, channels, clock(), owner)
        if lease is None:
            break
        report = _count(report, _send_and_note(connection, lease, clock, jitter))
    return _with_rest(connection, channels, report)


def _count(report: DeliveryReport, state: str) -> DeliveryReport:
    if state == "delivered":
        return replace(report, delivered=report.delivered + 1)
    if state == "dead":
        return replace(report, dead=report.dead + 1)
    return replace(report, failed=report.failed + 1)


def _with_rest(
    connection: sqlite3.Connection, channels: Mapping[str, Channel], report: DeliveryReport
) -> DeliveryReport:
    left = connection.execute(
        "SELECT channel, count(*) FROM outbox WHERE state IN ('pending', 'leased') GROUP BY channel"
    ).fetchall()
    waiting = sum(rows for channel, rows in left if channel in channels)
    return replace(report, waiting=waiting, without_channel=sum(n for _, n in left) - waiting)


def _take(
    connection: sqlite3.Connection, channels: Mapping[str, Channel], now: datetime, owner: str
) -> Lease | None:
    """Lease the first message that is due and has no earlier open one of its key and channel."""
    at = utc_text(now)
    with transaction(connection):
        found = connection.execute(
            "SELECT key, alert_id, channel, payload, attempts, failures, state FROM outbox AS o"
            " WHERE channel IN (SELECT value FROM json_each(?1))"
            " AND ((state = 'pending' AND next_at <= ?2)"
            "   OR (state = 'leased' AND lease_until <= ?2))"
            " AND NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.channel = o.channel"
            "   AND e.dedup_key = o.dedup_key AND e.rowid < o.rowid"
            "   AND e.state IN ('pending', 'leased'))"
            " ORDER BY rowid LIMIT 1",
            (json.dumps(sorted(channels)), at),
        ).fetchall()
        if not found:
            return None
        key, alert_id, name, payload, attempts, failures, state = found[0]
        lease = Lease(
            key, alert_id, channels[name], json.loads(payload), attempts + 1, failures, owner
        )
        if state == "leased":
            stopped = SendResult(ok=False, error=NO_ANSWER)
            _note(connection, replace(lease, attempt=attempts), now, stopped, None)
        until = now + timedelta(seconds=lease.channel.deadline_seconds + LEASE_MARGIN)
        connection.execute(
            "UPDATE outbox SET state = 'leased', attempts = ?, lease_owner = ?, lease_until = ?"
            " WHERE key = ?",
            (lease.attempt, owner, utc_text(until), key),
        )
    return lease


def _send_and_note(
    connection: sqlite3.Connection,
    lease: Lease,
    clock: Callable[[], datetime],
    jitter: Callable[[float, float], float],
) -> str:
    """Send one message and write down how it went; returns its new state."""
    at = clock()
    try:
        result = lease.channel.send(lease.payload, lease.key, at)
    except Exception as error:  # noqa: BLE001 - one broken message must not hold back the others
        result = SendResult(ok=False, error=f"{type(error).__name__} in channel: {error}")
    retry_at = None
    if result.ok:
        state = "delivered"
    elif result.final or lease.failures >= len(RETRY_CEILINGS):
        state = "dead"
    else:
        state = "pending"
        drawn = jitter(0.0, RETRY_CEILINGS[lease.failures])
        wait = max(drawn, min(result.retry_after or 0.0, LONGEST_WAIT))
        retry_at = clock() + timedelta(seconds=wait)
    with transaction(connection):
        _note(connection, lease, at, result, retry_at)
        # Whoever took the message over after the lease had expired decides about it.
        connection.execute(
            "UPDATE outbox SET state = ?, failures = failures + ?, next_at = ?, last_error = ?,"
            " lease_until = NULL, lease_owner = NULL"
            " WHERE key = ? AND lease_owner = ? AND attempts = ?",
            (
                state,
                int(not result.ok),
                utc_text(retry_at or at),
                result.error,
                lease.key,
                lease.owner,
                lease.attempt,
            ),
        )
    return state


def _note(
    connection: sqlite3.Connection,
    lease: Lease,
    at: datetime,
    result: SendResult,
    retry_at: datetime | None,
) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO delivery_attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            stable_id("delivery", lease.key, str(lease.attempt)),
            lease.alert_id,
            lease.channel.name,
            lease.key,
            lease.attempt,
            utc_text(at),
            int(result.ok),
            result.status_code,
            utc_text(retry_at) if retry_at else None,
            result.error,
        ),
    )
