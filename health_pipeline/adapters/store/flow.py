"""The pace of each channel, shared by all processes that send: a token bucket, and pauses.

The bucket is kept as one moment, the next at which the channel may be used (GCRA, a bucket of one
token): each attempt moves it on by 1 / rate.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from health_pipeline.adapters.channels.channel import Channel
from health_pipeline.adapters.store.outbox import utc_text


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


def pause(connection: sqlite3.Connection, channel: str, until: datetime) -> None:
    """Note that the receiver takes nothing of the channel until then."""
    _note(connection, channel, until)
    connection.execute(
        "UPDATE channel_flow SET refusals = refusals + 1, paused_until = max(paused_until, ?)"
        " WHERE channel = ?",
        (utc_text(until), channel),
    )


def refusals(connection: sqlite3.Connection, channel: str) -> int:
    """How many times in a row the receiver has said that it was too much."""
    found = connection.execute(
        "SELECT refusals FROM channel_flow WHERE channel = ?", (channel,)
    ).fetchall()
    return int(found[0][0]) if found else 0


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
