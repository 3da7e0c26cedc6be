"""The Dagster daemon killed with all that it started: no change is missed, none has two effects.

The daemon is the real one, over the package's own definitions; its sensors run by default. Each
round publishes further changes, waits for the first request that they lead to, and kills it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from health_pipeline.orchestration.window import yesterday
from health_pipeline_tests.faults.loopback import Step, loopback
from health_pipeline_tests.faults.test_sensor_kills import check, end_all_waits
from health_pipeline_tests.orchestration.news_world import (
    HOOK,
    house_with_webhook,
    publish_transitions,
)

CHANGES_A_KILL = 4
ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds for a daemon to load the definitions and to tick, on a busy machine."""


def daemon(home: Path, url: str) -> subprocess.Popen[bytes]:
    """`dagster-daemon run` with an instance in `home`, as the leader of a group of its own."""
    instance = home / "dagster"
    instance.mkdir(exist_ok=True)
    shutil.copy(ROOT / "health_pipeline" / "orchestration" / "dagster.yaml", instance)
    env = os.environ | {
        "DAGSTER_HOME": str(instance),
        "HEALTH_MODEL": str(home / "model"),
        "HEALTH_LAKE": str(home / "lake"),
        "HEALTH_SOURCES": str(home / "sources"),
        HOOK: url,
    }
    command = Path(sys.executable).parent / "dagster-daemon"
    return subprocess.Popen(
        [str(command), "run", "-m", "health_pipeline.definitions", "-d", str(ROOT)],
        cwd=ROOT,
        env=env,
        stdout=(home / "daemon.log").open("ab"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """The daemon and every server that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def wait_until(reached, home: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > give_up:
            pytest.fail(f"nothing came: {(home / 'daemon.log').read_text()[-2000:]}")
        time.sleep(0.005)


def answers():
    """Slow enough that a kill can fall into a sending."""
    while True:
        yield Step(wait=0.02)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.torture)])
def test_a_killed_daemon_misses_nothing_and_doubles_nothing(tmp_path, kills):
    chance, day = random.Random(7), yesterday()
    house = house_with_webhook(tmp_path)
    with loopback(answers()) as receiver:
        for nth in range(1, kills + 1):
            wanted = publish_transitions(house, day, CHANGES_A_KILL * nth)
            if nth > 1:
                end_all_waits(tmp_path)
            before = len(receiver.requests)
            process = daemon(tmp_path, receiver.url)
            try:
                wait_until(lambda before=before: len(receiver.requests) > before, tmp_path)
                time.sleep(chance.uniform(0.0, 0.08))
            finally:
                kill_all(process)
        end_all_waits(tmp_path)
        last = daemon(tmp_path, receiver.url)
        try:
            wait_until(
                lambda: len({one.message_id for one in receiver.processed}) == len(wanted),
                tmp_path,
            )
            wait_until(lambda: undelivered(tmp_path) == 0, tmp_path)
        finally:
            kill_all(last)
    check(tmp_path, receiver, set(wanted))


def undelivered(home: Path) -> int:
    with sqlite3.connect(home / "control.db") as control:
        found = control.execute("SELECT count(*) FROM outbox WHERE state <> 'delivered'")
        return int(found.fetchone()[0])
