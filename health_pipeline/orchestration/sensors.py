"""What wakes the alerts: published transitions, whoever published them; and failed runs."""

import dagster as dg

from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.on_call import run_failed
from health_pipeline.orchestration.watch import look
from health_pipeline.orchestration.window import is_backfill

INTERVAL_SECONDS = 30
WILL_RETRY_TAG = "dagster/will_retry"


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
        seen = look(stores)
    found, report = seen.found, seen.report
    waiting = f"{report.waiting} waiting, {report.dead} given up"
    return dg.SkipReason(
        f"{found.day}: {found.queued} queued, {report.delivered} delivered, "
        f"{report.failed} failed, {waiting}"
    )


@dg.run_failure_sensor(
    name="on_call",
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Queues one message for each run that failed and is not tried again; "
    "`driver_alerts` delivers it.",
)
def on_call(context: dg.RunFailureSensorContext, house: dg.ResourceParam[House]) -> dg.SkipReason:
    """Queue that the run failed, once."""
    run = context.dagster_run
    if run.tags.get(WILL_RETRY_TAG) == "true":
        return dg.SkipReason(f"{run.run_id} is tried again")
    if is_backfill(run.tags):
        return dg.SkipReason(f"{run.run_id} is a backfill: whoever launched it sees that it failed")
    with house.open() as stores:
        queued = run_failed(stores, run.run_id, run.job_name, _why(context))
    return dg.SkipReason(f"{run.run_id}: {queued} queued")


def _why(context: dg.RunFailureSensorContext) -> str:
    """The steps that failed with the innermost error of each, else the words of the run."""
    causes = []
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        causes.append(f"{event.step_key}: {error.message.strip() if error else 'no error noted'}")
    return "; ".join(causes) or context.failure_event.message or "no reason was noted"
