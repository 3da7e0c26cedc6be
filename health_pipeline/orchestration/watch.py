"""One look at the alerts, whoever wakes it: evaluate, sign of life, deliver."""

from dataclasses import dataclass

from health_pipeline.adapters.store.deliver import DeliveryReport
from health_pipeline.orchestration.alerting import Evaluation, evaluate, send_due
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.on_call import heartbeat, overdue, stale_sources, undelivered


@dataclass(frozen=True)
class Look:
    """What one look found and did."""

    found: Evaluation
    report: DeliveryReport


def look(stores: Stores) -> Look:
    """Evaluate the latest day, deliver what is due, and tell on call what was given up."""
    found = evaluate(stores)
    stale_sources(stores)
    heartbeat(stores)
    report = send_due(stores)
    undelivered(stores)
    overdue(stores)
    return Look(found, report)
