"""A control.db of its own, a clock that stands, and a receiver with a script."""

import threading
from datetime import UTC, datetime, timedelta

from health_pipeline.adapters.channels.channel import Channel, SendResult
from health_pipeline.adapters.store import outbox
from health_pipeline.adapters.store.deliver import deliver
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline_tests.told import alert, message

START = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
OK = SendResult(ok=True, status_code=200)
BAD = SendResult(ok=False, status_code=500, error="answered 500")
DOUBT = SendResult(ok=False, error="no answer", in_doubt=True)
GONE = SendResult(ok=False, status_code=410, error="gone", final=True)


def too_many(seconds=None):
    return SendResult(
        ok=False, status_code=429, retry_after=seconds, error="answered 429", throttled=True
    )


def told(name, dedup_key="acc1:a:e1", **changes):
    """A message called `name`, to the channel `ops` if nothing else is said."""
    return message(
        key=name, dedup_key=dedup_key, alerts=(alert(alert_id=f"alert-{name}"),), **changes
    )


ONE = [told("t1")]
TWO_OF_ONE_KEY = [told("t9"), told("t1")]
TWO_KEYS = [told("t1"), told("t2", "acc2:a:e2")]


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
        self.lock = threading.Lock()

    def __call__(self, message, key, now, again):
        with self.lock:
            self.got.append((message.key, key, now, again))
            answer = self.script.pop(0) if self.script else self.otherwise
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def order(self):
        return [name for name, *_ in self.got]

    @property
    def again(self):
        return [again for *_, again in self.got]


def put(connection, messages, now=START):
    with transaction(connection):
        return outbox.put(connection, messages, now)


def send(connection, clock, *, given=None, budget=45.0, **receivers):
    """One call of `deliver`, one attempt at a time; waits move the clock."""
    channels = {
        name: Channel(name, receiver, 15.0, **(given or {})) for name, receiver in receivers.items()
    }
    return deliver(
        connection, channels, clock, lambda _, high: high, budget, clock.forward, in_flight=1
    )


def counts(report):
    return (report.delivered, report.failed, report.dead, report.waiting, report.without_channel)
