"""News of the operation itself, for whoever is on call: a run failed, distributions changed.

They take the way of every alert: once into the outbox, delivered at least once by the next tick.
"""

from datetime import date, timedelta

from health_pipeline.adapters.store.outbox import put
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.schemas.messages import Message, Severity
from health_pipeline.orchestration.alerting import channels_of
from health_pipeline.orchestration.house import House, Stores

NEWS_DAYS = 45
"""The report of a month that ended earlier is history, and history pages nobody."""


def run_failed(stores: Stores, run_id: str, job: str, why: str) -> int:
    """Queue that a run failed, once a run; returns how many messages are new."""
    return _tell(stores, "run_failed", run_id, "critical", f"{job} failed, run {run_id}: {why}")


def drifted(stores: Stores, month_end: date, version: str, subjects: list[str]) -> int:
    """Queue that distributions changed, once a month and model version; history is not told."""
    if not subjects or House.now().date() - month_end > timedelta(days=NEWS_DAYS):
        return 0
    sentence = f"drift in {month_end:%Y-%m}: {', '.join(subjects)}"
    return _tell(stores, "drift", f"{month_end:%Y-%m}:{version}", "warning", sentence)


def _tell(stores: Stores, kind: str, about: str, severity: Severity, sentence: str) -> int:
    now, key = House.now(), f"{kind}:{about}"
    messages = [
        Message(
            key=f"{key}:{channel}",
            dedup_key=key,
            channel=channel,
            kind=kind,
            action="trigger",
            severity=severity,
            title=sentence,
            text="",
            alerts=(),
            links=(),
            runbook=kind,
            route="on_call",
            recipient="on_call",
            to=(),
            opened_at=now,
        )
        for channel in sorted(channels_of(stores).ready)
    ]
    with transaction(stores.control):
        return put(stores.control, messages, now)
