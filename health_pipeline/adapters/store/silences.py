"""Silences that people set in the shell: kept in control.db, with author, reason and end."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime

from health_pipeline.core.alerts.force import Silenced
from health_pipeline.core.alerts.params import AlertRules, Silence
from health_pipeline.core.alerts.routes import Match
from health_pipeline.core.schemas.ids import stable_id

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS silences (
        silence_id TEXT PRIMARY KEY,
        matchers   TEXT NOT NULL,            -- `Match`, JSON
        author     TEXT NOT NULL,
        why        TEXT NOT NULL,
        since      TEXT NOT NULL,
        until      TEXT NOT NULL,
        set_at     TEXT NOT NULL
    ) STRICT
    """,
)


def silence(connection: sqlite3.Connection, wanted: Silence, now: datetime) -> str:
    """Keep a silence; gives its id. The same silence set again is the same one."""
    since, body = wanted.since or now.date(), wanted.match.model_dump_json(exclude_defaults=True)
    name = stable_id("silence", body, wanted.author, wanted.why, since, wanted.until)[:8]
    connection.execute(
        "INSERT OR IGNORE INTO silences VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            name,
            body,
            wanted.author,
            wanted.why,
            since.isoformat(),
            wanted.until.isoformat(),
            now.isoformat(),
        ),
    )
    return name


def end_silence(connection: sqlite3.Connection, silence_id: str) -> bool:
    """End a silence of the shell now; False where there is none of this id."""
    done = connection.execute("DELETE FROM silences WHERE silence_id = ?", (silence_id,))
    return done.rowcount == 1


def silences(
    connection: sqlite3.Connection, rules: AlertRules, day: date
) -> dict[Silenced, Silence]:
    """The silences that have not ended before `day`, of alerts.yaml first: as used → as said."""
    found: dict[Silenced, Silence] = {}
    for n, said in enumerate(rules.silences):
        since = said.since or date.min
        found[Silenced(silence_id=f"yaml{n}", match=said.match, since=since, until=said.until)] = (
            said
        )
    rows = connection.execute(
        "SELECT silence_id, matchers, author, why, since, until FROM silences"
        " ORDER BY until, silence_id"
    ).fetchall()
    for name, body, author, why, since, until in rows:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
        match = Match.model_validate_json(body)
        said = Silence(match=match, author=author, why=why, since=first, until=last)
        found[Silenced(silence_id=name, match=match, since=first, until=last)] = said
    return {used: said for used, said in found.items() if used.until >= day}
