"""Alerts are reconciled from what is published; who wakes this does not matter.

A sensor tick, the end of a run and the shell all call `evaluate`; each gives the same result.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import SystemRandom

import polars as pl

from health_pipeline.adapters.channels.channel import Channels, open_channels
from health_pipeline.adapters.store.backfills import is_quiet
from health_pipeline.adapters.store.deliver import DeliveryReport, deliver
from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.outbox import deliveries, enqueue, is_evaluated
from health_pipeline.core.alerts.tell import alerts_for, decisions
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.messages import messages_of
from health_pipeline.orchestration.publish import published, version_in
from health_pipeline.orchestration.window import Window

SUCCESS_DAYS = 90

SEND_SECONDS = 45.0
AT_ONCE_SECONDS = 10.0
"""No attempt is begun later, in a tick or by hand, and inside of a run; the next tick goes on."""

BACKFILLED = "backfilled"
"""Decision on the transitions of a day that a backfill has published: history is not told."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation of the latest day decided.

    Attributes:
        day: the latest published day, None when there is none.
        decided: transitions of that day by decision: decision, transitions.
        alerts: `RESULT_TABLES["alerts"]` of that day.
        queued: messages that are new in the outbox.
        not_configured: channel → why nothing is queued for it.
    """

    day: date | None
    decided: pl.DataFrame
    alerts: pl.DataFrame
    queued: int
    not_configured: dict[str, str]


def channels_of(stores: Stores) -> Channels:
    """The channels that alerts.yaml names, ready or not."""
    return open_channels(stores.model.delivery, stores.model.alerts.channels)


def evaluate(stores: Stores) -> Evaluation:
    """Decide which transitions of the latest published day are told, and queue them once."""
    days = stores.lake.days("driver_transitions")
    counts = pl.DataFrame(schema={"decision": pl.String(), "transitions": pl.UInt32()})
    channels = channels_of(stores)
    if not days:
        empty = RESULT_TABLES["alerts"].empty()
        return Evaluation(None, counts, empty, 0, channels.not_configured)
    day = days[-1]
    read = published(
        stores,
        Window(day, day),
        *("driver_transitions", "reason_codes", "plays", "population", "accounts", "overrides"),
    )
    transitions, model, now = read["driver_transitions"], stores.model, House.now()
    if is_quiet(stores.control, day):
        told = pl.DataFrame([(BACKFILLED, transitions.height)], counts.schema, orient="row")
        empty = RESULT_TABLES["alerts"].empty()
        return Evaluation(day, told, empty, 0, channels.not_configured)
    by_hand = read["overrides"].filter("muted")["account_id"].to_list()
    decided = decisions(transitions, model.alerts, now, day, _successes(stores, day), by_hand)
    people = read["population"].select("account_id", "owner_email", "exec_email", "arr")
    names = read["accounts"].select("account_id", "name")
    alerts = alerts_for(
        decided,
        read["reason_codes"],
        read["plays"],
        people.join(names, on="account_id", how="left"),
        model.plays.executive_from_arr,
    )
    version = version_in(transitions)
    queued = 0
    if alerts.height or not is_evaluated(stores.control, day, version):
        messages = messages_of(alerts, people.join(names, on="account_id", how="left"), channels)
        queued = enqueue(stores.control, day, version, messages, now)
    counts = decided.group_by("decision").len("transitions").sort("decision")
    return Evaluation(day, counts, alerts, queued, channels.not_configured)


def send_due(stores: Stores) -> DeliveryReport:
    """Deliver what is due in the outbox, and publish the attempts."""
    return _send(stores, list(stores.model.delivery.channels), SEND_SECONDS)


def send_at_once(stores: Stores) -> DeliveryReport:
    """The same from inside of a run, for a short while, and never on the run's own output."""
    channels = stores.model.delivery.channels
    return _send(
        stores, [name for name, one in channels.items() if one.kind != "console"], AT_ONCE_SECONDS
    )


def _send(stores: Stores, channels: list[str], budget_seconds: float) -> DeliveryReport:
    ready = open_channels(stores.model.delivery, channels).ready
    report = deliver(stores.control, ready, House.now, SystemRandom().uniform, budget_seconds)
    if report.delivered or report.failed or report.dead or report.refused:
        attempts = Write("deliveries", None, deliveries(stores.control))
        stores.lake.publish([attempts], run_id="delivery", at=House.now())
    return report


def _successes(stores: Stores, day: date) -> pl.DataFrame:
    """Accounts whose recent success mutes alarms (R13): account_id, why."""
    from health_pipeline.orchestration.days import as_of_days

    outcomes = as_of_days(stores, Window(day, day), "outcomes").get("outcomes")
    if outcomes is None:
        return pl.DataFrame(schema={"account_id": pl.String(), "why": pl.String()})
    recent = pl.col("occurred_on") > day - timedelta(days=SUCCESS_DAYS)
    counted = pl.col("kind").is_in(list(stores.model.churn.counterweights))
    return outcomes.filter(recent & counted).select("account_id", pl.col("kind").alias("why"))
