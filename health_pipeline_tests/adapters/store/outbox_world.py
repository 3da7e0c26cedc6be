"""A control.db of its own, a clock that stands, and a receiver with a script."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from health_pipeline.adapters.channels.channel import Channel, SendResult
from health_pipeline.adapters.store.deliver import deliver
from health_pipeline.adapters.store.outbox import enqueue
from health_pipeline.core.schemas.results import RESULT_TABLES

DAY = date(2026, 3, 10)
START = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
OK = SendResult(ok=True, status_code=200)
BAD = SendResult(ok=False, status_code=500, error="answered 500")


def alerts(*rows):
    table = RESULT_TABLES["alerts"]
    full = [
        dict.fromkeys(table.columns)
        | {
            "alert_id": f"alert-{row['transition_id']}",
            "dedup_key": "acc1:a:e1",
            "to_state": "risk",
            "status": "open",
            "opened_at": START,
        }
        | row
        for row in rows
    ]
    return table.conform(pl.DataFrame(full, schema=table.columns, orient="row"))


ONE = alerts({"transition_id": "t1"})
TWO_OF_ONE_KEY = alerts(
    {"transition_id": "t9", "opened_at": START},
    {"transition_id": "t1", "opened_at": START + timedelta(seconds=1), "to_state": "healthy"},
)
TWO_KEYS = alerts({"transition_id": "t1"}, {"transition_id": "t2", "dedup_key": "acc2:a:e2"})


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def forward(self, seconds):
        self.now += timedelta(seconds=seconds)


class Receiver:
    """A place that receives, answers by its script, and keeps what it got."""

    def __init__(self, *script, otherwise=OK):
        self.script, self.otherwise, self.got = list(script), otherwise, []

    def __call__(self, message, key, now):
        self.got.append((message["transition_id"], key, now))
        answer = self.script.pop(0) if self.script else self.otherwise
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def order(self):
        return [transition for transition, _, _ in self.got]


def put(connection, rows, channels=("ops",)):
    return enqueue(connection, DAY, "v1", rows, channels, START)


def send(connection, clock, **receivers):
    channels = {name: Channel(name, receiver, 15.0) for name, receiver in receivers.items()}
    return deliver(connection, channels, clock, lambda _, high: high)


def counts(report):
    return (report.delivered, report.failed, report.dead, report.waiting, report.without_channel)
