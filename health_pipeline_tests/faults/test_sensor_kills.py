"""A ticking sensor killed anywhere: no change is lost, none is told under a second id.

Each round publishes further changes of the latest day, starts the sensor itself in a process of its
own, tick after tick, and kills it at a random moment. The waits of the outbox (leases of the dead,
retries) are longer than a test: between rounds they are set to be over.
"""

import json
import os
import random
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.orchestration.window import yesterday
from health_pipeline_tests.faults.kills import begun, kill, wait_until_ready
from health_pipeline_tests.faults.loopback import Step, loopback
from health_pipeline_tests.orchestration.news_world import (
    HOOK,
    house_with_webhook,
    publish_transitions,
)

CHANGES_A_KILL = 4
ROOT = Path(__file__).parents[2]

SENSOR = """
import sys
from pathlib import Path
import dagster as dg
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.sensors import driver_alerts

home, ticks = Path(sys.argv[1]), int(sys.argv[2])
settings = load_settings({}, model=home / "model", lake=home / "lake")
house = House(settings, load_model(home / "model"))
with dg.DagsterInstance.ephemeral() as instance:
    context = dg.build_sensor_context(instance=instance, resources={"house": house})
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(ticks):
        print(driver_alerts.evaluate_tick(context).skip_message, flush=True)
"""


def start(home, url, ticks):
    """A process that waits for a line, then ticks."""
    env = {**os.environ, HOOK: url}
    return begun(SENSOR, home, ticks, cwd=ROOT, stdin=subprocess.PIPE, env=env)


def go(sensor):
    wait_until_ready(sensor)
    sensor.stdin.write("\n")
    sensor.stdin.flush()


def wait_for_a_moment(chance, receiver):
    """A third of the kills falls into a first tick anywhere, the others follow a first request."""
    before = len(receiver.requests)
    if chance.random() < 1 / 3:
        time.sleep(chance.uniform(0.0, 0.5))
        return
    give_up = time.monotonic() + 20
    while len(receiver.requests) == before and time.monotonic() < give_up:
        time.sleep(0.001)
    time.sleep(chance.uniform(0.0, 0.02))


def end_all_waits(home):
    control = sqlite3.connect(home / "control.db")
    with control:
        control.execute("UPDATE outbox SET next_at = '2000'")
    control.close()


def misbehaving(chance):
    """Mostly fine; now and then a way of failing that can be survived."""
    bad = [Step(503), Step(drop="before"), Step(drop="after"), Step(wait=0.05)]
    while True:
        yield chance.choice(bad) if chance.random() < 0.1 else Step(wait=0.002)


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.torture)])
def test_killed_sensors_lose_nothing_and_invent_nothing(tmp_path, kills):
    chance, day = random.Random(23), yesterday()
    house = house_with_webhook(tmp_path)
    wanted = publish_transitions(house, day, CHANGES_A_KILL)
    with loopback(misbehaving(chance)) as receiver:
        sensor = start(tmp_path, receiver.url, ticks=10_000)
        for nth in range(1, kills + 1):
            following = start(tmp_path, receiver.url, ticks=10_000 if nth < kills else 20)
            go(sensor)
            wait_for_a_moment(chance, receiver)
            kill(sensor)
            sensor = following
            wanted = publish_transitions(house, day, CHANGES_A_KILL * (nth + 1))
            end_all_waits(tmp_path)
        assert receiver.requests, "no sensor came as far as sending: the test shows nothing"
        settle(tmp_path, receiver.url, sensor)
    died = check(tmp_path, receiver, set(wanted))
    assert died, "no kill fell into a sending: nothing is shown"


def settle(home, url, sensor):
    """Let whole processes tick until nothing waits."""
    for _ in range(10):
        go(sensor)
        *_, last = sensor.communicate(timeout=60)[0].splitlines()
        assert sensor.returncode == 0
        if last.endswith("0 failed, 0 waiting, 0 given up"):
            return
        end_all_waits(home)
        sensor = start(home, url, ticks=20)
    raise AssertionError(f"not settled after 10 whole processes: {last}")


def check(home, receiver, wanted):
    """Every change was told, under one id; how many attempts nobody noted the end of."""
    told = {}
    for request in receiver.processed:
        (alert,) = json.loads(request.body)["data"]["alerts"]
        told.setdefault(request.message_id, set()).add(alert["alert_id"])
    alerts = {stable_id("alert", one) for one in wanted}
    assert set().union(*told.values()) == alerts, "a change was lost"
    assert all(len(changes) == 1 for changes in told.values()), "one id told two changes"
    assert len({request.message_id for request in receiver.requests}) == len(wanted), (
        "a change was told under a second id"
    )
    control = sqlite3.connect(home / "control.db")
    states = control.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()
    died = control.execute(
        "SELECT count(*) FROM delivery_attempts WHERE error LIKE 'no answer was noted%'"
    ).fetchall()[0][0]
    control.close()
    assert states == [("delivered", len(wanted))]
    return died
