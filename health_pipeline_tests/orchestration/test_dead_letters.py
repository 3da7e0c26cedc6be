"""The shell brings dead messages back, and says what is stuck."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from health_pipeline.cli.alerts import deliver_command
from health_pipeline.cli.dead_letters import replay_command
from health_pipeline.orchestration.alerting import evaluate
from health_pipeline.orchestration.on_call import overdue, undelivered
from health_pipeline.orchestration.window import yesterday
from health_pipeline_tests.faults.loopback import Step, loopback
from health_pipeline_tests.orchestration.news_world import (
    HOOK,
    house_with_webhook,
    publish_transitions,
)

STUCK = re.compile(r"ops: \d waiting.*, 3 dead: answered 410: the address is gone\n")
"""Whoever is on call may be told of it by the same channel, and that waits."""


@pytest.fixture
def house(tmp_path, monkeypatch, capsys):
    """A house whose three messages of the day are dead, and what the shell said of it."""
    house, day = house_with_webhook(tmp_path), yesterday()
    publish_transitions(house, day, 3)
    with loopback(otherwise=Step(410)) as gone:
        monkeypatch.setenv(HOOK, gone.url)
        assert deliver_command(house) == 1
    said = capsys.readouterr()
    assert said.out.startswith(f"{day}: 3 queued, 0 delivered, 0 failed, 3 given up, ")
    assert STUCK.fullmatch(said.err)
    return house


def test_without_a_choice_it_says_what_is_stuck(house, capsys):
    assert replay_command(house, None, None, everything=False) == 0
    said = capsys.readouterr()
    assert STUCK.fullmatch(said.err)
    assert said.out == "Choose with --channel NAME, --key KEY or --all.\n"


CHOICES = [
    ("all", {"channel": None, "key": None, "everything": True}, 3),
    ("a channel", {"channel": "ops", "key": None, "everything": False}, 3),
    ("another channel", {"channel": "pager", "key": None, "everything": False}, 0),
]


@pytest.mark.parametrize(("why", "chosen", "back"), CHOICES, ids=[c[0] for c in CHOICES])
def test_what_is_chosen_comes_back_and_is_delivered(why, chosen, back, house, capsys, monkeypatch):
    assert replay_command(house, **chosen) == 0
    assert capsys.readouterr().out.startswith(f"{back} brought back; `health alerts deliver`")
    with loopback() as receiver:
        monkeypatch.setenv(HOOK, receiver.url)
        assert deliver_command(house) == 0
    kinds = [json.loads(request.body)["data"]["kind"] for request in receiver.processed]
    assert sum(kind != "dead_letter" for kind in kinds) == back


@pytest.mark.parametrize(("count", "words"), [(1, "1 message"), (2, "2 messages")])
def test_on_call_hears_how_many_are_stuck(count, words, tmp_path, monkeypatch):
    house, day = house_with_webhook(tmp_path), yesterday()
    publish_transitions(house, day, count)
    monkeypatch.setenv(HOOK, "http://127.0.0.1:9")
    with house.open() as stores:
        evaluate(stores, house.now())
        overdue(stores, house.now() + timedelta(days=1))
        stores.control.execute("UPDATE outbox SET state = 'dead' WHERE key NOT LIKE 'undel%'")
        undelivered(stores)
        rows = stores.control.execute("SELECT payload FROM outbox").fetchall()
    titles = {json.loads(payload)["title"] for (payload,) in rows}
    assert {f"Channel ops keeps {words} waiting", f"{words} could not be delivered"} <= titles
