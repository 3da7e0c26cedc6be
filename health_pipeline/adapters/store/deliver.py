"""Sending what the outbox holds: at least once, in order per key, at the pace of each channel.

A message is leased, sent in a thread, and its answer noted. A killed process leaves a lease that
expires, and the message is sent again under the same key; the receiver can drop it, or the message
says that it may be a repeat. Channels do not wait for each other.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePath

from pydantic import ValidationError

from health_pipeline.adapters.channels.channel import Channel, SendResult
from health_pipeline.adapters.store.leases import Jitter, Lease, give_back, take
from health_pipeline.adapters.store.outbox import utc_text
from health_pipeline.core.schemas.messages import Message

IN_FLIGHT = 4
"""Attempts of one channel at a time at most, each of another key; fewer where its pace is slow."""

GRACE = 1.0
"""Seconds after its deadline in which a channel may still say how it went."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one call of `deliver` did, in messages, and what remains.

    Attributes:
        delivered, failed, dead: by how an attempt ended; `dead` holds also what was too late.
        refused: attempts at which the receiver said "too many".
        repeats: delivered ones that may be a second copy for the receiver.
        waiting: due or to be tried again.
        scheduled: not due yet: quiet hours, digests, groups.
        without_channel: of channels that are not ready.
    """

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    refused: int = 0
    repeats: int = 0
    waiting: int = 0
    scheduled: int = 0
    without_channel: int = 0


@dataclass(frozen=True, slots=True)
class _Landed:
    lease: Lease
    at: datetime
    result: SendResult


@dataclass(slots=True)
class _Flight:
    """The attempts under way; `late_at` is by the monotonic clock."""

    landed: queue.SimpleQueue[_Landed] = field(default_factory=queue.SimpleQueue)
    begun: dict[tuple[str, int], tuple[Lease, datetime, float]] = field(default_factory=dict)

    def open_channels(self, channels: Mapping[str, Channel], most: int) -> list[Channel]:
        busy = [lease.channel.name for lease, _, _ in self.begun.values()]
        return [one for name, one in channels.items() if busy.count(name) < _at_a_time(one, most)]

    def start(self, lease: Lease, at: datetime) -> None:
        late_at = time.monotonic() + lease.channel.deadline_seconds + GRACE
        self.begun[lease.key, lease.attempt] = (lease, at, late_at)
        work = threading.Thread(
            target=lambda: self.landed.put(_Landed(lease, at, _attempt(lease, at))), daemon=True
        )
        work.start()

    def next(self, seconds: float) -> list[_Landed]:
        """What has landed, or is given up, within so many seconds."""
        now = time.monotonic()
        until = min([now + seconds, *(late for _, _, late in self.begun.values())])
        found: list[_Landed] = []
        try:
            one = self.landed.get(timeout=max(0.0, until - now))
            if self.begun.pop((one.lease.key, one.lease.attempt), None):
                found.append(one)
        except queue.Empty:
            late = [key for key, (_, _, at) in self.begun.items() if at <= time.monotonic()]
            found += [self._given_up(key) for key in late]
        return found

    def _given_up(self, key: tuple[str, int]) -> _Landed:
        lease, at, _ = self.begun.pop(key)
        words = f"no answer within {lease.channel.deadline_seconds:g} s"
        return _Landed(lease, at, SendResult(ok=False, error=words, in_doubt=True))


def deliver(
    connection: sqlite3.Connection,
    channels: Mapping[str, Channel],
    clock: Callable[[], datetime],
    jitter: Jitter,
    budget_seconds: float = 45.0,
    sleep: Callable[[float], object] = time.sleep,
    in_flight: int = IN_FLIGHT,
) -> DeliveryReport:
    """Send what is due until nothing is or the budget is spent.

    Args:
        connection: control.db. No transaction is open while something is being sent.
        channels: the ready channels by name; messages of others stay where they are.
        clock: the wall clock, with time zone.
        jitter: a uniform draw between two numbers of seconds (`SystemRandom().uniform`).
        budget_seconds: no attempt is begun after these.
        sleep: waits so many seconds for a channel to open.
        in_flight: attempts of one channel at a time.

    Returns:
        What happened, and what is left. What has to wait longer than the budget is left.
    """
    owner, begun = uuid.uuid4().hex, clock()
    flight, report = _Flight(), DeliveryReport()
    while True:
        left = budget_seconds - (clock() - begun).total_seconds()
        wait: float | None = None
        while left > 0:
            now = clock()
            found = take(connection, flight.open_channels(channels, in_flight), now, owner)
            report = replace(report, dead=report.dead + found.buried)
            if found.lease is None:
                wait = (found.opens_at - now).total_seconds() if found.opens_at else None
                break
            flight.start(found.lease, now)
            left = budget_seconds - (clock() - begun).total_seconds()
        worth = wait is not None and wait < left
        if flight.begun:
            for landed in flight.next(wait if worth and wait is not None else 60.0):
                report = _counted(report, landed, _noted(connection, landed, clock, jitter))
        elif worth and wait is not None:
            sleep(wait)
        else:
            return _with_rest(connection, channels, clock(), report)


def _at_a_time(channel: Channel, most: int) -> int:
    """A slow pace is kept one by one: attempts that are held up would arrive together."""
    return max(1, min(most, int(channel.per_second / 2)))


def _noted(
    connection: sqlite3.Connection, landed: _Landed, clock: Callable[[], datetime], jitter: Jitter
) -> str:
    return give_back(connection, landed.lease, landed.at, landed.result, clock(), jitter)


def _attempt(lease: Lease, at: datetime) -> SendResult:
    """One attempt; whatever a channel raises is an answer, and tells no secret."""
    try:
        message = Message.model_validate_json(lease.payload)
    except ValidationError as error:
        words = f"the stored message is not readable: {error.error_count()} errors"
        return SendResult(ok=False, error=words, final=True)
    try:
        return lease.channel.send(message, lease.key, at, lease.again)
    except Exception as error:  # noqa: BLE001 - one broken message must not hold back the others
        frame = traceback.extract_tb(error.__traceback__)[-1]
        words = (
            f"{type(error).__name__} in channel ({PurePath(frame.filename).name}:{frame.lineno})"
        )
        return SendResult(ok=False, error=words, in_doubt=True)


def _counted(report: DeliveryReport, landed: _Landed, state: str) -> DeliveryReport:
    if state == "delivered":
        repeat = landed.lease.again and not landed.lease.channel.dedupes
        return replace(report, delivered=report.delivered + 1, repeats=report.repeats + int(repeat))
    refused = report.refused + int(landed.result.throttled)
    if state == "dead":
        return replace(report, dead=report.dead + 1, refused=refused)
    return replace(report, failed=report.failed + int(not landed.result.throttled), refused=refused)


def _with_rest(
    connection: sqlite3.Connection,
    channels: Mapping[str, Channel],
    now: datetime,
    report: DeliveryReport,
) -> DeliveryReport:
    left = connection.execute(
        "SELECT channel, due_at > ?, count(*) FROM outbox WHERE state IN ('pending', 'leased')"
        " GROUP BY 1, 2",
        (utc_text(now),),
    ).fetchall()
    ready = [(later, rows) for channel, later, rows in left if channel in channels]
    return replace(
        report,
        waiting=sum(rows for later, rows in ready if not later),
        scheduled=sum(rows for later, rows in ready if later),
        without_channel=sum(rows for channel, _, rows in left if channel not in channels),
    )
