"""Alerts are reconciled from what is published; who wakes this does not matter.

A sensor tick, the end of a run and the shell all call `evaluate`; each gives the same result.
"""

from dataclasses import dataclass
from datetime import date, datetime
from random import SystemRandom

import polars as pl

from health_pipeline.adapters.channels.channel import Channels, open_channels
from health_pipeline.adapters.store.alert_book import (
    alerts_table,
    memory,
    note_evaluated,
    write_outcome,
)
from health_pipeline.adapters.store.backfills import is_quiet
from health_pipeline.adapters.store.deliver import DeliveryReport, deliver
from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.moved import just_moved, note_moved
from health_pipeline.adapters.store.outbox import deliveries, put
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.alerts.compose import Desk
from health_pipeline.core.alerts.evaluate import evaluate_day
from health_pipeline.core.alerts.seen import Outcome
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.alert_news import news_of, transitions_version
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity_history import MOVED

SEND_SECONDS = 45.0
AT_ONCE_SECONDS = 10.0
"""No attempt is begun later, in a tick or by hand, and inside of a run; the next tick goes on."""

BACKFILLED = "backfilled"
"""Decision on the transitions of a day that a backfill has published: history is not told."""

COUNTS = {"decision": pl.String(), "transitions": pl.UInt32()}


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation of the latest day decided.

    Attributes:
        day: the latest published day, None when there is none.
        decided: changes of that day by decision: decision, transitions.
        alerts: `RESULT_TABLES["alerts"]` of that day.
        queued: messages that are new in the outbox.
        not_configured: channel → why nothing is queued for it.
    """

    day: date | None
    decided: pl.DataFrame
    alerts: pl.DataFrame
    queued: int
    not_configured: dict[str, str]


def channels_of(stores: Stores, names: tuple[str, ...] = ()) -> Channels:
    """The channels called `names`, or those that alerts.yaml names anywhere; ready or not."""
    return open_channels(stores.model.delivery, names or stores.model.alerts.all_channels())


def desk_of(stores: Stores, now: datetime) -> Desk:
    """What composing messages needs to know."""
    return Desk(stores.model.alerts, frozenset(channels_of(stores).ready), now)


def evaluate(stores: Stores, now: datetime | None = None) -> Evaluation:
    """Decide which changes of the latest published day are told, and queue them once.

    What was decided, what is in force and the messages are written in one transaction.
    """
    days = stores.lake.days("driver_transitions")
    empty, channels = RESULT_TABLES["alerts"].empty(), channels_of(stores)
    if not days:
        return Evaluation(None, pl.DataFrame(schema=COUNTS), empty, 0, channels.not_configured)
    day, now = days[-1], now or House.now()
    if is_quiet(stores.control, day):
        rows = published_changes(stores, day)
        told = pl.DataFrame([(BACKFILLED, rows)], COUNTS, orient="row")
        return Evaluation(day, told, empty, 0, channels.not_configured)
    rules, ready = stores.model.alerts, frozenset(channels.ready)
    moved = stores.lake.frame(MOVED)
    restated = just_moved(stores.control, moved, day, rules.confirm_days)
    news = news_of(stores, day, now, memory(stores.control, rules, day), restated)
    version = transitions_version(stores, day)
    with transaction(stores.control):
        outcome = evaluate_day(news, memory(stores.control, rules, day), rules, ready)
        note_moved(stores.control, moved, day)
        write_outcome(stores.control, day, outcome)
        note_evaluated(stores.control, day, version, now)
        queued = put(stores.control, outcome.messages, now)
    alerts = alerts_table(stores.control, day)
    return Evaluation(day, _counts(outcome), alerts, queued, channels.not_configured)


def _counts(outcome: Outcome) -> pl.DataFrame:
    return outcome.decided.group_by("decision").len("transitions").sort("decision")


def published_changes(stores: Stores, day: date) -> int:
    """How many transitions of `day` are published."""
    return stores.lake.day_rows("driver_transitions").get(day, 0)


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
        published = stores.lake.frame("deliveries")
        attempts = Write("deliveries", None, deliveries(stores.control, published))
        stores.lake.publish([attempts], run_id="delivery", at=House.now())
    return report
