"""A delivering process killed anywhere: nothing lost, nothing reordered, no incident too many.

Each round starts the real thing in a process of its own (evaluation, outbox, three channels) and
kills it at a random moment. The receivers misbehave on scripts of their own. At the end every
message has been taken in at least once and in the order of its key. PagerDuty has opened exactly
the incidents that there were, the webhook's receiver has seen each message under one id, and Slack,
which cannot drop a copy, has none that does not say so.
"""

import json
import os
import random
import time
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.leases import NO_ANSWER
from health_pipeline.adapters.store.outbox import deliveries
from health_pipeline_tests.faults.kills import kill
from health_pipeline_tests.faults.servers.pagerduty import PagerDuty
from health_pipeline_tests.faults.servers.scripted import HTML_502, Fault, serving
from health_pipeline_tests.faults.servers.slack import Slack
from health_pipeline_tests.faults.servers.standard_webhooks import StandardWebhooks
from health_pipeline_tests.faults.told_world import EPISODES, SECRET, finish, start

CHANGES_A_KILL = 2
CHANNELS = ("hook", "pager", "team")
MINUTES_A_ROUND = 10
"""Longer than a lease; 200 rounds and what follows stay below the age at which one gives up."""

ROOT = str(Path(__file__).parents[2])


def misbehaving(chance):
    """Mostly fine; now and then every way of failing that can be survived."""
    bad = [
        Fault(503),
        HTML_502,
        Fault(429, {"Retry-After": "1"}),
        Fault(302, {"Location": "/elsewhere"}),
        Fault(drop="before"),
        Fault(drop="after"),
        Fault(truncate=True),
        Fault(wait=0.05),
    ]
    while True:
        yield chance.choice(bad) if chance.random() < 0.1 else Fault(wait=0.002)


class Receivers:
    """The three of them, running."""

    def __init__(self, stack, script):
        self.hook = StandardWebhooks(SECRET.encode())
        self.pager, self.team = PagerDuty(), Slack()
        self.servers = {
            name: stack.enter_context(serving(getattr(self, name), script(n)))
            for n, name in enumerate(CHANNELS)
        }
        self.urls = {name: server.url for name, server in self.servers.items()}
        self.urls["pythonpath"] = os.environ.get("PYTHONPATH", ROOT) or ROOT

    def seen(self):
        return sum(len(server.requests) for server in self.servers.values())


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.torture)])
def test_killed_senders_lose_nothing_reorder_nothing_and_page_nobody_twice(tmp_path, kills):
    chance = random.Random(5)
    count = kills * CHANGES_A_KILL
    with ExitStack() as stack:
        receivers = Receivers(stack, lambda n: misbehaving(random.Random(n)))
        for round_ in range(kills):
            sender = start(tmp_path, count, round_ * MINUTES_A_ROUND, CHANNELS, **receivers.urls)
            seen, further = receivers.seen(), chance.randint(0, CHANGES_A_KILL * len(CHANNELS))
            while sender.poll() is None and receivers.seen() < seen + further:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.02))
            kill(sender)
        assert receivers.seen(), "no sender came as far as sending: the test shows nothing"
        settle(tmp_path, receivers, count, kills * MINUTES_A_ROUND)
    told = check_control(tmp_path, count)
    check_hook(receivers, count)
    check_pager(receivers, count)
    check_team(receivers, told)
    print(figures(kills, receivers, told))  # noqa: T201 - the numbers of a torture run


def figures(kills, receivers, told):
    merged = sum(len(one.triggers) - 1 for one in receivers.pager.incidents)
    marked = sum("Possible repeat" in json.dumps(one) for one in receivers.team.messages)
    copies = len(receivers.team.messages) - told["key"].n_unique()
    return (
        f"{kills} kills: {len(receivers.pager.incidents)} incidents, {merged} triggers merged, "
        f"{len(receivers.hook.repeats)} ids again at the webhook, {copies} copies in Slack, "
        f"{marked} messages marked, {receivers.seen()} requests"
    )


def settle(home, receivers, count, minutes):
    """Let senders run to their end until nothing waits; none of them queues anything new."""
    waiting = dead = 0
    for later in range(24):
        sender = start(home, count, minutes + later * 60, CHANNELS, **receivers.urls)
        new, waiting, dead, _ = finish(sender, home)
        assert new == 0, "an evaluation was not complete, or was made twice"
        if not waiting and not dead:
            return
    raise AssertionError(f"{waiting} wait and {dead} are dead after 24 whole rounds")


def check_control(home, count):
    """Everything is delivered; returns the attempts of Slack that came after a doubt."""
    control = open_control(home / "control.db")
    assert control.execute("SELECT count(*) FROM evaluations").fetchall() == [(1,)]
    states = control.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()
    assert states == [("delivered", count * len(CHANNELS))], "a message was lost"
    noted = deliveries(control)
    assert noted.filter("ok")["key"].n_unique() == count * len(CHANNELS)
    assert (noted["error"] == NO_ANSWER).any(), "no kill fell into a sending: nothing is shown"
    control.close()
    return noted.filter(pl.col("target") == "team")


def in_order(names, key_of):
    """First arrivals of one key came in the order of its changes."""
    last = {}
    for name in dict.fromkeys(names):
        assert name > last.get(key_of(name), ""), f"{name} was told out of order"
        last[key_of(name)] = name


def episode(name):
    return int(name) % EPISODES


def check_hook(receivers, count):
    effects = receivers.hook.effects.values()
    told = [effect["data"]["alerts"][0]["alert_id"] for effect in effects]
    assert sorted(told) == [f"{n:05}" for n in range(count)], "lost, or under a second id"
    in_order(told, episode)


def check_pager(receivers, count):
    """As many incidents as triggers that follow a resolve; open where the last change is one."""
    changes = range(count)
    triggers = [n for n in changes if n // EPISODES % 2 == 0]
    assert len(receivers.pager.incidents) == len(triggers), "an incident too many, or too few"
    for key in range(EPISODES):
        own = [n for n in changes if n % EPISODES == key]
        incidents = receivers.pager.of(f"episode{key}")
        told = [one.triggers[0]["payload"]["summary"] for one in incidents]
        assert told == [f"change {n:05}" for n in own if n in triggers], "out of order"
        for incident in incidents:
            assert len({one["payload"]["summary"] for one in incident.triggers}) == 1
        is_open = own[-1] in triggers
        assert [one.is_open for one in incidents] == [False] * (len(told) - 1) + [is_open]


def check_team(receivers, attempts):
    """A second copy says that it may be one; none is sent as a copy without a doubt before it."""
    heads = [one["blocks"][0]["text"]["text"].partition(": ")[2] for one in receivers.team.messages]
    seen = set()
    for head in heads:
        name = head.rpartition(" ")[2]
        assert name not in seen or head.startswith("Possible repeat: "), f"{name} came again"
        seen.add(name)
    in_order([head.rpartition(" ")[2] for head in heads], episode)
    marked = attempts.filter("possible_repeat")["key"]
    assert len(marked) >= sum(head.startswith("Possible repeat") for head in heads)
    doubtful = attempts.filter(~pl.col("ok"))["key"]
    assert set(marked) <= set(doubtful)


def test_without_a_kill_nothing_is_told_twice(tmp_path):
    with ExitStack() as stack:
        receivers = Receivers(stack, lambda _: ())
        for minutes, expected in ((0, (90, 0, 0, 0)), (600, (0, 0, 0, 0))):
            sender = start(tmp_path, 30, minutes, CHANNELS, **receivers.urls)
            assert finish(sender, tmp_path) == expected
    assert receivers.seen() == 90
    assert not any("repeat" in json.dumps(one) for one in receivers.team.messages)
