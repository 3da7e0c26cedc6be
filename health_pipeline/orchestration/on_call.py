"""News of the operation itself, for whoever is on call: once each, by the way of every alert.

A run failed, distributions changed, a check failed, a message could not be delivered; and a sign of
life, so that silence is news too.
"""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from health_pipeline.adapters.store.outbox import put
from health_pipeline.adapters.store.outbox import undelivered as stuck
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.alerts.compose_many import operation_messages
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.messages import Link, Message, Severity
from health_pipeline.core.schemas.words import counted
from health_pipeline.orchestration.alerting import desk_of
from health_pipeline.orchestration.house import House, Stores

NEWS_DAYS = 45
"""The report of a month that ended earlier is history, and history pages nobody."""

LATE = timedelta(hours=1)
STALE_DAYS = timedelta(days=2)
"""The latest day is not older, or it is history and pages nobody."""

NAMED = 20
"""So many undelivered messages are named; the others are counted."""


def run_failed(stores: Stores, run_id: str, job: str, why: str) -> int:
    """Queue that a run failed, once a run; returns how many messages are new."""
    href = stores.model.alerts.run_url
    links = (Link(text="run", href=href.replace("{run_id}", run_id)),) if href else ()
    return _tell(
        stores, "run_failed", run_id, "critical", f"{job} failed, run {run_id}", why, links
    )


def drifted(stores: Stores, month_end: date, version: str, subjects: list[str]) -> int:
    """Queue that distributions changed, once a month and model version; history is not told."""
    if not subjects or House.now().date() - month_end > timedelta(days=NEWS_DAYS):
        return 0
    about, words = f"{month_end:%Y-%m}:{version}", ", ".join(subjects)
    return _tell(stores, "drift", about, "warning", f"Drift in {month_end:%Y-%m}", words)


def check_failed(stores: Stores, day: date, table: str, failures: Iterable[str]) -> int:
    """Queue that a table broke its contract and was not published, once a day and table."""
    words = "\n".join(failures)
    if not words:
        return 0
    title = f"{table} of {day} broke its contract and was not published"
    return _tell(stores, "failed_check", f"{table}:{day}", "error", title, words)


def unreadable(stores: Stores, day: date, table: str, why: str) -> int:
    """Queue that a source table could not be read, once a day and table."""
    title = f"{table} could not be read for {day}: its last good landing stays in force"
    return _tell(stores, "failed_check", f"landing/{table}:{day}", "error", title, why)


def undelivered(stores: Stores) -> int:
    """Queue that messages were given up, once; of those about such messages nobody is told."""
    rows = stores.control.execute(
        "SELECT key, channel, last_error FROM outbox WHERE state = 'dead'"
        " AND key NOT LIKE 'dead_letter:%' AND key NOT LIKE 'heartbeat:%' ORDER BY key"
    ).fetchall()
    if not rows:
        return 0
    words = [f"{key} by {channel}: {error or 'no reason noted'}" for key, channel, error in rows]
    more = [f"and {len(words) - NAMED} more"] if len(words) > NAMED else []
    about = stable_id("dead", *(key for key, _, _ in rows))
    title = f"{counted(len(rows), 'message')} could not be delivered"
    text = "\n".join([*words[:NAMED], *more])
    return _tell(stores, "dead_letter", about, "critical", title, text)


def overdue(stores: Stores, now: datetime | None = None) -> int:
    """Queue that messages wait for an hour and more, once a channel and day."""
    now = now or House.now()
    told = 0
    for one in stuck(stores.control, now - LATE):
        if one.overdue:
            title = f"Channel {one.channel} keeps {counted(one.overdue, 'message')} waiting"
            words = f"the oldest since {one.oldest_due_at:%Y-%m-%d %H:%M} UTC: {one.last_error}"
            about = f"{one.channel}:{now:%Y-%m-%d}"
            told += _tell(stores, "undelivered", about, "error", title, words)
    return told


def stale_sources(stores: Stores) -> int:
    """Queue which sources are silent, once a silence, where the data owner has the incident.

    Without a `data_owner` the data incident itself goes to on call.
    """
    days = stores.lake.days("outages")
    if stores.model.alerts.data_owner is None or not days:
        return 0
    if House.now().date() - days[-1] > STALE_DAYS:
        return 0
    rows = stores.lake.frame("outages", days[-1], days[-1])
    told = 0
    for row in rows.iter_rows(named=True) if rows is not None else ():
        name = f"{row['source']} {row['table']}"
        title = f"{name} is silent since {row['since']}"
        words = f"{counted(row['accounts'], 'account')} concerned, {row['share']:.0%} of all"
        about = f"{row['source']}:{row['table']}:{row['since']}"
        told += _tell(stores, "stale_source", about, "error", title, words)
    return told


def heartbeat(stores: Stores, now: datetime | None = None) -> int:
    """Queue a sign of life, once in `every_minutes`; 0 without a channel for it."""
    rule, now = stores.model.alerts.heartbeat, now or House.now()
    if rule is None or rule.channel not in (desk := desk_of(stores, now)).ready:
        return 0
    length = timedelta(minutes=rule.every_minutes)
    slot = (
        datetime.fromtimestamp(0, UTC) + (now - datetime.fromtimestamp(0, UTC)) // length * length
    )
    title = f"health-pipeline is alive, {slot:%Y-%m-%d %H:%M} UTC"
    about = f"{slot:%Y%m%dT%H%M}"
    found = operation_messages("heartbeat", about, "info", title, "", desk, only=[rule.channel])
    beats = [
        one.model_copy(update={"dedup_key": "heartbeat", "not_after": slot + length})
        for one in found[:1]
    ]
    return _put(stores.control, beats, now)


def _tell(
    stores: Stores,
    kind: str,
    about: str,
    severity: Severity,
    title: str,
    text: str,
    links: tuple[Link, ...] = (),
) -> int:
    now = House.now()
    desk = desk_of(stores, now)
    found = operation_messages(kind, about, severity, title, text, desk, links)
    return _put(stores.control, found, now)


def _put(connection: sqlite3.Connection, messages: list[Message], now: datetime) -> int:
    with transaction(connection):
        return put(connection, messages, now)
