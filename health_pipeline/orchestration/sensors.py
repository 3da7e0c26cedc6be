"""What wakes the alerts: published transitions, whoever published them."""

import dagster as dg

from health_pipeline.orchestration.alerting import evaluate, send_due
from health_pipeline.orchestration.house import House

INTERVAL_SECONDS = 30


@dg.sensor(
    name="driver_alerts",
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Queues an alert for each new transition of the latest day, once, and delivers "
    "what is due. Reads what is published, so a missed or repeated tick loses and doubles nothing.",
)
def driver_alerts(house: dg.ResourceParam[House]) -> dg.SkipReason:
    """Evaluate the latest day and deliver what is due; starts no run."""
    with house.open() as stores:
        found = evaluate(stores)
        report = send_due(stores)
    waiting = f"{report.waiting} waiting, {report.dead} given up"
    return dg.SkipReason(
        f"{found.day}: {found.queued} queued, {report.delivered} delivered, "
        f"{report.failed} failed, {waiting}"
    )
