"""What evaluations have decided, in control.db: alerts, incidents, decisions (R92).

Belongs here: reading the memory of an evaluation and writing its outcome, which goes with its
messages into one transaction. Does not: deciding anything.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import polars as pl

from health_pipeline.adapters.store.outbox import utc_text
from health_pipeline.adapters.store.silences import silences
from health_pipeline.core.alerts.force import InForce
from health_pipeline.core.alerts.gates import INHIBITED, OUTAGE
from health_pipeline.core.alerts.incidents import Incident, echoes
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.alerts.seen import Memory, Outcome
from health_pipeline.core.schemas.results import RESULT_TABLES

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS alerts (
        alert_id    TEXT PRIMARY KEY,
        day         TEXT NOT NULL,
        account_id  TEXT NOT NULL,
        signal      TEXT NOT NULL,
        status      TEXT NOT NULL,
        held_by     TEXT,                    -- as `suppressed_by`
        resolved_on TEXT,
        body        TEXT NOT NULL            -- `InForce`, JSON
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS alerts_day ON alerts (day)",
    "CREATE INDEX IF NOT EXISTS alerts_held ON alerts (held_by) WHERE status = 'suppressed'",
    """
    CREATE INDEX IF NOT EXISTS alerts_in_force ON alerts (status)
        WHERE status IN ('open', 'acknowledged')
    """,
    """
    CREATE TABLE IF NOT EXISTS incidents (
        incident_id TEXT PRIMARY KEY,
        last_on     TEXT NOT NULL,
        resolved_on TEXT,
        body        TEXT NOT NULL            -- `Incident`, JSON
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS alert_decisions (
        transition_id TEXT PRIMARY KEY,
        day           TEXT NOT NULL,
        decision      TEXT NOT NULL
    ) STRICT
    """,
)
LIVE = "('open', 'acknowledged')"


def memory(connection: sqlite3.Connection, rules: AlertRules, day: date) -> Memory:
    """What the evaluation of `day` has to know of earlier ones."""
    of_day = day.isoformat()
    alerts = connection.execute(
        "SELECT body FROM alerts WHERE day = ?1 OR resolved_on = ?1"
        " OR (day < ?1 AND status IN ('open', 'acknowledged')) ORDER BY day, alert_id",
        (of_day,),
    )
    since = day - timedelta(days=max(rules.gates.echo_days, rules.gates.join_days) + 1)
    incidents = connection.execute(
        "SELECT body FROM incidents WHERE resolved_on IS NULL OR last_on >= ? OR resolved_on >= ?"
        " ORDER BY incident_id",
        (since.isoformat(), since.isoformat()),
    )
    known = tuple(Incident.model_validate_json(body) for (body,) in incidents.fetchall())
    by_outage = () if echoes(known, day, rules.gates) else _held(connection, day, OUTAGE)
    return Memory(
        tuple(InForce.model_validate_json(body) for (body,) in alerts.fetchall()),
        known,
        tuple(silences(connection, rules, day)),
        (*by_outage, *_held(connection, day, INHIBITED)),
    )


def _held(connection: sqlite3.Connection, day: date, by: str) -> tuple[InForce, ...]:
    """Alerts of earlier days that an outage, or another alert, held back."""
    rows = connection.execute(
        "SELECT body FROM alerts WHERE status = 'suppressed' AND day < ? AND held_by LIKE ?"
        " ORDER BY day, alert_id",
        (day.isoformat(), f"{by}%"),
    )
    return tuple(InForce.model_validate_json(body) for (body,) in rows.fetchall())


def write_outcome(connection: sqlite3.Connection, day: date, outcome: Outcome) -> None:
    """Write what was decided; the caller holds the transaction."""
    write_alerts(connection, outcome.alerts)
    connection.executemany(
        "INSERT INTO incidents VALUES (?, ?, ?, ?) ON CONFLICT (incident_id) DO UPDATE SET"
        " last_on = excluded.last_on, resolved_on = excluded.resolved_on, body = excluded.body",
        [
            (
                one.incident_id,
                one.last_on.isoformat(),
                one.resolved_on.isoformat() if one.resolved_on else None,
                one.model_dump_json(),
            )
            for one in outcome.incidents
        ],
    )
    said = outcome.decided.filter(pl.col("decision") != "silent").sort("transition_id")
    connection.executemany(
        "INSERT INTO alert_decisions VALUES (?, ?, ?) ON CONFLICT (transition_id) DO UPDATE SET"
        " decision = excluded.decision WHERE decision <> excluded.decision",
        [(name, day.isoformat(), why) for name, why in said[["transition_id", "decision"]].rows()],
    )


def note_evaluated(
    connection: sqlite3.Connection, day: date, model_version: str, now: datetime
) -> None:
    """Note that `day` was evaluated; the caller holds the transaction."""
    connection.execute(
        "INSERT INTO evaluations VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (day.isoformat(), model_version, utc_text(now)),
    )


def last_looked_at(connection: sqlite3.Connection, before: date) -> date | None:
    """The last day before `before` that was evaluated, or that a backfill published quietly."""
    query = (
        "SELECT max(day) FROM (SELECT day FROM evaluations UNION SELECT day FROM quiet_days)"
        " WHERE day < ?"
    )
    (found,) = connection.execute(query, (before.isoformat(),)).fetchone()
    return date.fromisoformat(found) if found else None


def write_alerts(connection: sqlite3.Connection, alerts: Iterable[InForce]) -> None:
    """Add or replace alerts; the caller holds the transaction."""
    connection.executemany(
        "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (alert_id) DO UPDATE SET"
        " day = excluded.day, status = excluded.status, held_by = excluded.held_by,"
        " resolved_on = excluded.resolved_on, body = excluded.body",
        [
            (
                one.row.alert_id,
                one.day.isoformat(),
                one.row.account_id,
                one.row.signal,
                one.status,
                one.row.suppressed_by,
                one.resolved_on.isoformat() if one.resolved_on else None,
                one.model_dump_json(),
            )
            for one in alerts
        ],
    )


def in_force(connection: sqlite3.Connection) -> list[InForce]:
    """The alerts that were told and are still so, the oldest first."""
    rows = connection.execute(
        f"SELECT body FROM alerts WHERE status IN {LIVE} ORDER BY day, alert_id"  # noqa: S608
    )
    return [InForce.model_validate_json(body) for (body,) in rows.fetchall()]


def incidents_in_force(connection: sqlite3.Connection) -> list[Incident]:
    """The incidents that last, the oldest first."""
    rows = connection.execute(
        "SELECT body FROM incidents WHERE resolved_on IS NULL ORDER BY last_on, incident_id"
    )
    return [Incident.model_validate_json(body) for (body,) in rows.fetchall()]


def meant(connection: sqlite3.Connection, alert_id: str) -> list[InForce]:
    """The alerts in force that an id, the first digits of one, or an account_id names."""
    return [
        one
        for one in in_force(connection)
        if one.row.account_id == alert_id or one.row.alert_id.startswith(alert_id)
    ]


def acknowledge(connection: sqlite3.Connection, alert_id: str, by: str, why: str) -> list[InForce]:
    """Note that somebody has taken an alert, or all of an account's; what was taken.

    Args:
        connection: of control.db; the caller holds the transaction.
        alert_id: as of `meant`.
        by: who.
        why: what they say.
    """
    update = {"status": "acknowledged", "acked_by": by, "acked_why": why}
    taken = [one.model_copy(update=update) for one in meant(connection, alert_id)]
    write_alerts(connection, taken)
    return taken


def alerts_table(connection: sqlite3.Connection, day: date | None = None) -> pl.DataFrame:
    """`RESULT_TABLES["alerts"]` of everything that was decided, or of one day."""
    table = RESULT_TABLES["alerts"]
    where, given = ("", ()) if day is None else (" WHERE day = ?", (day.isoformat(),))
    found = connection.execute(f"SELECT status, body FROM alerts{where}", given).fetchall()  # noqa: S608
    rows = [
        InForce.model_validate_json(body).row.model_dump() | {"status": status}
        for status, body in found
    ]
    return table.conform(pl.DataFrame(rows, schema=table.columns, orient="row"))
