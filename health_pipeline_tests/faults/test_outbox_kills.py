"""A delivering process killed anywhere: nothing is lost, nothing is told under a second id.

Each round starts the real thing in a process of its own (evaluation, outbox, webhook) and kills it
at a random moment. The receiver misbehaves on a script of its own. At the end every alert has been
taken in at least once, and what was taken in twice came under the same webhook-id.
"""

import json
import random
import time

import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.deliver import NO_ANSWER
from health_pipeline.adapters.store.outbox import deliveries
from health_pipeline_tests.faults.kills import kill, started
from health_pipeline_tests.faults.loopback import Step, loopback

ALERTS_A_KILL = 3

SENDER = """
import os, sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
import polars as pl
from health_pipeline.adapters.channels.channel import open_channels
from health_pipeline.adapters.channels.params import ChannelConfig, DeliveryConfig
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.deliver import deliver
from health_pipeline.adapters.store.outbox import enqueue
from health_pipeline.core.schemas.results import RESULT_TABLES

home, count, hours = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
table = RESULT_TABLES["alerts"]
at = datetime(2026, 3, 10, 23, 59, tzinfo=UTC)
rows = [
    dict.fromkeys(table.columns)
    | {"alert_id": f"alert{n}", "transition_id": f"t{n:05}", "dedup_key": f"k{n % 11}",
       "to_state": "risk", "status": "open", "opened_at": at}
    for n in range(count)
]
alerts = table.conform(pl.DataFrame(rows, schema=table.columns, orient="row"))
hook = ChannelConfig(kind="webhook", url_env="HOOK_URL", timeout_seconds=2.0)
channels = open_channels(DeliveryConfig(channels={"ops": hook}), ["ops"]).ready
control = open_control(home / "control.db")
clock = lambda: datetime.now(UTC) + timedelta(hours=hours)
print("ready", flush=True)
print(enqueue(control, date(2026, 3, 10), "v1", alerts, channels, clock()), flush=True)
report = deliver(control, channels, clock, Random(hours).uniform, budget_seconds=60)
print(report.waiting, report.dead, flush=True)
"""
# Rounds are hours apart by their clock, so that leases and waits of the round before are over.


def start(home, url, count, hours):
    return started(SENDER, home, count, hours, env={"HOOK_URL": url, "PATH": ""})


def misbehaving(chance):
    """Mostly fine; now and then every way of failing that can be survived."""
    bad = [
        Step(503),
        Step(429, {"Retry-After": "1"}),
        Step(302, {"Location": "/hook"}),
        Step(drop="before"),
        Step(drop="after"),
        Step(wait=0.05),
    ]
    while True:
        yield chance.choice(bad) if chance.random() < 0.1 else Step(wait=0.002)


MESSAGES_BEFORE_A_KILL = 3
"""A sender is killed after at most so many requests, however slow the machine is."""


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.torture)])
def test_killed_senders_lose_nothing_and_invent_nothing(tmp_path, kills):
    chance = random.Random(5)
    count = kills * ALERTS_A_KILL
    with loopback(misbehaving(chance)) as receiver:
        for round_ in range(kills):
            seen, further = len(receiver.requests), chance.randint(0, MESSAGES_BEFORE_A_KILL)
            sender = start(tmp_path, receiver.url, count, round_ * 12)
            while sender.poll() is None and len(receiver.requests) < seen + further:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.01))
            kill(sender)
        assert receiver.requests, "no sender came as far as sending: the test shows nothing"
        settle(tmp_path, receiver.url, count, kills * 12)
    check(tmp_path, receiver, count)


def settle(home, url, count, hours):
    """Let senders run to their end until nothing waits; none of them enqueues anything new."""
    rest = ""
    for later in range(20):
        sender = start(home, url, count, hours + later * 12)
        new, rest = sender.communicate(timeout=90)[0].splitlines(keepends=True)
        assert sender.returncode == 0
        assert new == "0\n", "an evaluation was not complete, or was made twice"
        if rest == "0 0\n":
            return
    raise AssertionError(f"waiting and dead after 20 whole rounds: {rest}")


def check(home, receiver, count):
    expected = {f"t{n:05}" for n in range(count)}
    by_id = {}
    for request in receiver.processed:
        by_id.setdefault(request.message_id, set()).add(
            json.loads(request.body)["data"]["transition_id"]
        )
    assert set().union(*by_id.values()) == expected, "an alert was lost"
    assert len(by_id) == count, "an alert came under a second id"
    assert all(len(told) == 1 for told in by_id.values()), "an id was used for two alerts"
    assert len({request.message_id for request in receiver.requests}) == count
    in_order(receiver)
    control = open_control(home / "control.db")
    assert control.execute("SELECT count(*) FROM evaluations").fetchall() == [(1,)]
    states = control.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()
    assert states == [("delivered", count)]
    noted = deliveries(control)
    assert noted.filter(noted["ok"])["key"].n_unique() == count
    assert (noted["error"] == NO_ANSWER).any(), "no kill fell into a sending: nothing is shown"
    control.close()


def in_order(receiver):
    """First arrivals of one key came in the order of its changes."""
    last, seen = {}, set()
    for request in receiver.processed:
        alert = json.loads(request.body)["data"]
        if request.message_id in seen:
            continue
        seen.add(request.message_id)
        key = alert["dedup_key"]
        assert alert["transition_id"] > last.get(key, ""), f"{key} was told out of order"
        last[key] = alert["transition_id"]


def test_without_a_kill_nothing_is_told_twice(tmp_path):
    with loopback() as receiver:
        for hours, expected in ((0, "30\n0 0\n"), (12, "0\n0 0\n")):
            out, _ = start(tmp_path, receiver.url, 30, hours).communicate(timeout=30)
            assert out == expected
    assert len(receiver.requests) == 30
