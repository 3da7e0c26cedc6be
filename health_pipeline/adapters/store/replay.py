"""Dead letters, brought back by a person."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from health_pipeline.adapters.store.outbox import utc_text
from health_pipeline.adapters.store.transaction import transaction


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many dead messages wait again, and how many stay dead.

    `overtaken`: a later message of their key was delivered since, or is under way. To send the
    earlier one now would tell things in the wrong order, and could open an incident that nothing
    resolves.
    """

    revived: int
    overtaken: int


def replay(
    connection: sqlite3.Connection,
    now: datetime,
    channel: str | None = None,
    key: str | None = None,
) -> Replayed:
    """Make dead messages due now, their failures and their last use forgotten.

    Args:
        connection: control.db.
        now: the wall clock, with time zone.
        channel: only those of this channel.
        key: only the one with this key.

    An attempt that may have arrived stays counted, so that the next one says so.
    """
    with transaction(connection):
        revived = connection.execute(
            "UPDATE outbox SET state = 'pending', failures = 0, next_at = ?3, due_at = ?3,"
            " not_after = NULL"
            " WHERE state = 'dead' AND (?1 IS NULL OR channel = ?1) AND (?2 IS NULL OR key = ?2)"
            " AND NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.channel = outbox.channel"
            "   AND e.dedup_key = outbox.dedup_key AND e.rowid > outbox.rowid"
            "   AND e.state IN ('leased', 'delivered'))",
            (channel, key, utc_text(now)),
        ).rowcount
        overtaken = connection.execute(
            "SELECT count(*) FROM outbox"
            " WHERE state = 'dead' AND (?1 IS NULL OR channel = ?1) AND (?2 IS NULL OR key = ?2)",
            (channel, key),
        ).fetchall()[0][0]
    return Replayed(revived, int(overtaken))
