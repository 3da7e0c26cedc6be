"""Who sends which message: taken for a time, in order per key, given back with what came of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from health_pipeline.adapters.channels.channel import Channel, SendResult
from health_pipeline.adapters.store import flow
from health_pipeline.adapters.store.outbox import utc_text
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.schemas.ids import stable_id

RETRY_CEILINGS = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds after the first, second, … failure, from which full jitter draws; then it is dead."""

LONGEST_WAIT = 86_400.0
"""No Retry-After holds a channel back longer than this many seconds."""

GIVE_UP_AGE = timedelta(days=3)
"""A message that fails when it has been due for longer is dead."""

LEASE_MARGIN = 30.0
"""Seconds that a lease outlives the deadline of its attempt."""

NO_ANSWER = "no answer was noted: the sender stopped while sending"
TOO_LATE = "too late: it was of use until {}"

Jitter = Callable[[float, float], float]
"""A uniform draw between two numbers of seconds."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One message taken for sending; `attempt` counts from 1, `failures` are noted errors."""

    key: str
    channel: Channel
    payload: str
    attempt: int
    failures: int
    doubts: int
    due_at: datetime
    owner: str

    @property
    def again(self) -> bool:
        """Whether an attempt before this one may have arrived."""
        return self.doubts > 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease; or none, and when a channel opens that has a message due. `buried`: dead by now."""

    lease: Lease | None
    opens_at: datetime | None
    buried: int


class _Row(NamedTuple):
    key: str
    payload: str
    attempts: int
    failures: int
    doubts: int
    due_at: str
    not_after: str | None
    state: str


def take(
    connection: sqlite3.Connection, channels: Iterable[Channel], now: datetime, owner: str
) -> Taken:
    """Lease the first message that is due, of the first channel that is open.

    A message is not taken while an earlier one of its key and channel is open. One that is no
    longer of use is dead.
    """
    opens: list[datetime] = []
    buried = 0
    with transaction(connection):
        for channel in channels:
            while (row := _first_due(connection, channel.name, now)) is not None:
                free_at = flow.opens_at(connection, channel.name)
                if free_at is not None and free_at > now:
                    opens.append(free_at)
                    break
                lease = _leased(connection, row, channel, now, owner)
                if lease is not None:
                    return Taken(lease, None, buried)
                buried += 1
    return Taken(None, min(opens, default=None), buried)


def _first_due(connection: sqlite3.Connection, channel: str, now: datetime) -> _Row | None:
    found = connection.execute(
        "SELECT key, payload, attempts, failures, doubts, due_at, not_after, state"
        " FROM outbox AS o WHERE channel = ?1 AND state IN ('pending', 'leased') AND next_at <= ?2"
        " AND NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.channel = o.channel"
        "   AND e.dedup_key = o.dedup_key AND e.rowid < o.rowid"
        "   AND e.state IN ('pending', 'leased'))"
        " ORDER BY next_at, rowid LIMIT 1",
        (channel, utc_text(now)),
    ).fetchall()
    return _Row(*found[0]) if found else None


def _leased(
    connection: sqlite3.Connection, row: _Row, channel: Channel, now: datetime, owner: str
) -> Lease | None:
    """The row, leased; None when it is dead instead."""
    due_at = datetime.fromisoformat(row.due_at)
    lease = Lease(
        row.key, channel, row.payload, row.attempts, row.failures, row.doubts, due_at, owner
    )
    if row.state == "leased":
        _attempted(connection, lease, now, SendResult(ok=False, error=NO_ANSWER), None)
        lease = replace(lease, doubts=row.doubts + 1)
    reason = None
    if row.not_after and row.not_after <= utc_text(now):
        reason = TOO_LATE.format(row.not_after)
    elif row.state == "leased" and now - lease.due_at > GIVE_UP_AGE:
        reason = NO_ANSWER
    until = now + timedelta(seconds=channel.deadline_seconds + LEASE_MARGIN)
    connection.execute(
        "UPDATE outbox SET state = ?, attempts = ?, doubts = ?, lease_owner = ?, next_at = ?,"
        " last_error = coalesce(?, last_error) WHERE key = ?",
        (
            "dead" if reason else "leased",
            row.attempts + (0 if reason else 1),
            lease.doubts,
            None if reason else owner,
            utc_text(until),
            reason,
            row.key,
        ),
    )
    if reason:
        return None
    flow.spend(connection, channel, now)
    return replace(lease, attempt=row.attempts + 1)


def give_back(
    connection: sqlite3.Connection,
    lease: Lease,
    at: datetime,
    result: SendResult,
    now: datetime,
    jitter: Jitter,
) -> str:
    """Write down how an attempt went that was begun at `at`; returns the message's new state.

    A failure is tried again after a draw between 0 and its ceiling of `RETRY_CEILINGS`, not before
    Retry-After. "Too many" is no failure of the message: the whole channel waits.
    """
    with transaction(connection):
        state, retry_at = _next(connection, lease, result, now, jitter)
        _attempted(connection, lease, at, result, retry_at)
        if result.ok:
            flow.taken(connection, lease.channel.name)
        # Whoever took the message over after the lease had expired decides about it.
        connection.execute(
            "UPDATE outbox SET state = ?, failures = failures + ?, doubts = doubts + ?,"
            " next_at = ?, last_error = ?, lease_owner = NULL"
            " WHERE key = ? AND lease_owner = ? AND attempts = ?",
            (
                state,
                int(not result.ok and not result.throttled),
                int(result.in_doubt),
                utc_text(retry_at or at),
                result.error,
                lease.key,
                lease.owner,
                lease.attempt,
            ),
        )
    return state


def _next(
    connection: sqlite3.Connection,
    lease: Lease,
    result: SendResult,
    now: datetime,
    jitter: Jitter,
) -> tuple[str, datetime | None]:
    """The state that follows from a result, and when the message is tried again."""
    if result.ok:
        return "delivered", None
    asked = min(result.retry_after or 0.0, LONGEST_WAIT)
    retry_at = None
    if result.throttled:
        seconds = None if result.retry_after is None else asked
        retry_at = flow.pause(connection, lease.channel.name, now, seconds, jitter)
    is_old = now - lease.due_at > GIVE_UP_AGE
    is_last = not result.throttled and lease.failures >= len(RETRY_CEILINGS)
    if result.final or is_old or is_last:
        return "dead", None
    if retry_at is None:
        wait = max(jitter(0.0, RETRY_CEILINGS[lease.failures]), asked)
        retry_at = now + timedelta(seconds=wait)
    return "pending", retry_at


def _attempted(
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
            lease.channel.name,
            lease.key,
            lease.attempt,
            utc_text(at),
            int(result.ok),
            result.status_code,
            utc_text(retry_at) if retry_at else None,
            result.error,
            int(lease.again),
        ),
    )
