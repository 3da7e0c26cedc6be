"""The pace of each channel, shared by all processes that send: a token bucket, and pauses.

The bucket is kept as one moment, the next at which the channel may be used (GCRA, a bucket of one
token): each attempt moves it on by 1 / rate.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

from health_pipeline.adapters.channels.channel import Channel
from health_pipeline.adapters.store.outbox import utc_text

PAUSE_CEILINGS = (5.0, 15.0, 60.0, 300.0)
"""Seconds after the first, second, … "too many" in a row that names no time, for full jitter."""


def opens_at(connection: sqlite3.Connection, channel: str) -> datetime | None:
    """When the channel may next be used; None when it never was."""
    found = connection.execute(
        "SELECT max(free_at, paused_until) FROM channel_flow WHERE channel = ?", (channel,)
    ).fetchall()
    return datetime.fromisoformat(found[0][0]) if found else None


def spend(connection: sqlite3.Connection, channel: Channel, now: datetime) -> None:
    """Note that an attempt begins now; the caller holds the transaction."""
    _note(connection, channel.name, now)
    connection.execute(
        "UPDATE channel_flow SET free_at = ? WHERE channel = ?",
        (utc_text(now + timedelta(seconds=1.0 / channel.per_second)), channel.name),
    )


def pause(
    connection: sqlite3.Connection,
    channel: str,
    now: datetime,
    asked_seconds: float | None,
    draw: Callable[[float, float], float],
) -> datetime:
    """Note that the receiver takes nothing of the channel for now, and return until when.

    Args:
        connection: control.db; the caller holds the transaction.
        channel: its name.
        now: the wall clock, with time zone.
        asked_seconds: how long the receiver asked to wait; None: a draw between 0 and the next
            ceiling of `PAUSE_CEILINGS`.
        draw: a uniform draw between two numbers of seconds.

    Refusals of attempts that were under way together are one: while the channel is paused they
    raise no ceiling, and draw nothing.
    """
    _note(connection, channel, now)
    paused_until, refusals = connection.execute(
        "SELECT paused_until, refusals FROM channel_flow WHERE channel = ?", (channel,)
    ).fetchall()[0]
    is_paused = paused_until > utc_text(now)
    ceiling = PAUSE_CEILINGS[min(refusals, len(PAUSE_CEILINGS) - 1)]
    drawn = 0.0 if is_paused else draw(0.0, ceiling)
    wait = drawn if asked_seconds is None else asked_seconds
    until = max(paused_until, utc_text(now + timedelta(seconds=wait)))
    connection.execute(
        "UPDATE channel_flow SET refusals = ?, paused_until = ? WHERE channel = ?",
        (refusals + int(not is_paused), until, channel),
    )
    return datetime.fromisoformat(until)


def taken(connection: sqlite3.Connection, channel: str) -> None:
    """Note that the receiver takes messages."""
    connection.execute(
        "UPDATE channel_flow SET refusals = 0 WHERE channel = ? AND refusals > 0", (channel,)
    )


def _note(connection: sqlite3.Connection, channel: str, at: datetime) -> None:
    text = utc_text(at)
    connection.execute(
        "INSERT INTO channel_flow VALUES (?, ?, '', 0) ON CONFLICT DO NOTHING", (channel, text)
    )
