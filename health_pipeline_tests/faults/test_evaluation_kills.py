"""An evaluation killed anywhere: what is in force, decided and queued is as if it never was killed.

Each life publishes day after day and evaluates it, as runs do; the next one first evaluates what
the one before left. At the end every row of control.db is equal, byte by byte, to those of one life
that nobody disturbed.
"""

from __future__ import annotations

import pickle
import random
import time

import pytest

from health_pipeline_tests.faults.kills import kill, started
from health_pipeline_tests.orchestration.alert_world import (
    AlertWorld,
    eventful,
    house_in,
    written,
)

LIFE = """
import pickle, sys
from pathlib import Path
from health_pipeline.orchestration.alerting import evaluate
from health_pipeline_tests.orchestration.alert_world import AlertWorld, house_in

home, days = Path(sys.argv[1]), int(sys.argv[2])
with open(sys.argv[3], "rb") as file:
    world = AlertWorld.of(house_in(home), pickle.load(file))
print("ready", flush=True)
with world.house.open() as stores:
    published = len(stores.lake.days("driver_transitions"))
    if published:
        evaluate(stores, world.now(published - 1))
    for n in range(published, days):
        world.publish(stores, n)
        evaluate(stores, world.now(n))
        print(n, flush=True)
"""

LONG = (pytest.mark.torture, pytest.mark.timeout(7200))
A_DAY = 0.15
"""Seconds in which a life publishes and evaluates about one day."""


def live_and_die(process, chance):
    """A quarter of the lives ends anywhere, the others within the day after their first one."""
    if chance.random() < 1 / 4:
        time.sleep(chance.uniform(0.0, 3 * A_DAY))
    else:
        process.stdout.readline()
        time.sleep(chance.uniform(0.0, A_DAY))
    alive = process.poll() is None
    kill(process)
    return alive


@pytest.mark.parametrize(("kills", "days"), [(20, 60), pytest.param(200, 600, marks=LONG)])
def test_a_killed_evaluation_leaves_no_trace(tmp_path, kills, days):
    chance, saved = random.Random(11), tmp_path / "world.pickle"
    calm = AlertWorld(house_in(tmp_path / "calm"), eventful(days))
    saved.write_bytes(pickle.dumps(calm.frames))
    for _ in range(kills):
        process = started(LIFE, tmp_path / "killed", days, saved)
        assert live_and_die(process, chance), f"all {days} days are over: nothing more is shown"
    with house_in(tmp_path / "killed").open() as stores:
        reached = len(stores.lake.days("driver_transitions"))
    assert kills / 2 < reached < days, "kills fell into days"
    last = started(LIFE, tmp_path / "killed", days, saved)
    out, _ = last.communicate(timeout=300)
    assert last.returncode == 0
    assert out.split()[-1:] in ([str(days - 1)], []), "the last life came to the end"
    with calm.house.open() as stores:
        for n in range(days):
            calm.publish(stores, n)
            calm.evaluate(stores, n)
        expected = written(stores)
    with house_in(tmp_path / "killed").open() as stores:
        found = written(stores)
    assert {name: len(rows) for name, rows in found.items()} == {
        name: len(rows) for name, rows in expected.items()
    }
    assert found == expected
    assert expected["incidents"]
    assert len(expected["outbox"]) > days


@pytest.mark.parametrize("days", [60, pytest.param(600, marks=LONG)])
def test_a_repeated_evaluation_decides_nothing_new(tmp_path, days):
    """What a kill between two days makes the next life do, without the kill."""
    world = AlertWorld(house_in(tmp_path), eventful(days))
    with world.house.open() as stores:
        for n in range(days):
            world.publish(stores, n)
            world.evaluate(stores, n)
            once = written(stores)
            world.evaluate(stores, n)
            assert written(stores) == once, n
