"""`health backfill` killed anywhere, again and again, ends where an undisturbed one ends."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place, same_tables

FIRST = END - timedelta(days=5)

PUBLISHES = 45
"""Somewhat fewer than a whole backfill makes, so that the last kill meets one that is under way."""

RUN = """
import sys
import health_pipeline.cli.backfill
from health_pipeline.cli import main
from health_pipeline.orchestration import chunks
chunks.CHUNK_DAYS = 2
print("ready", flush=True)
main()
"""


def _start(place):
    """`health backfill` in a process of its own; returns once it is past its imports."""
    options = ["--sources", place.sources, "--lake", place.lake, "--from", FIRST, "--to", END]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "backfill", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if process.stdout.readline() != "ready\n":
        pytest.fail(process.communicate()[1])
    return process


def _finish(place):
    process = _start(place)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


def _count(place, query):
    if not (place.home / "control.db").exists():
        return 0
    try:
        return place.control(query)[0][0]
    except sqlite3.OperationalError:  # the very first run has no tables yet
        return 0


def _published(place):
    return _count(place, "SELECT count(DISTINCT published_at) FROM manifest")


def _noted(place):
    """Chunks whose end is noted: steps and how far each is."""
    if _count(place, "SELECT count(*) FROM backfill_steps") == 0:
        return set()
    return set(place.control("SELECT step, through FROM backfill_steps"))


def _kill(place, chance, steps):
    """Kill a backfill at a random moment after so many publishes; what is noted then."""
    before = _published(place)
    process = _start(place)
    while process.poll() is None and _published(place) < before + steps:
        time.sleep(0.02)
    time.sleep(chance.uniform(0.0, 0.1))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    return _noted(place)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A place where the backfill was left alone."""
    home = tmp_path_factory.mktemp("undisturbed")
    place = Place(home, write_as_of(small(END), home / "sources", END))
    out, err = _finish(place)
    assert "Filled: 6 days" in out, err
    assert "Went on" not in out
    return place


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.torture)])
def test_a_killed_backfill_goes_on(kills, undisturbed, tmp_path):
    place, chance = Place(tmp_path, undisturbed.sources), random.Random(kills)
    noted = [_kill(place, chance, steps=PUBLISHES // (kills + 1)) for _ in range(kills)]
    assert len(set(map(frozenset, noted))) > 1, f"the kills met only {noted}"
    _finish(place)
    assert same_tables(undisturbed, place) == []
    for table in ("backfill_steps", "outbox", "evaluations"):
        assert place.control(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - our tables
    visible = "SELECT table_name, partition, rows FROM manifest ORDER BY 1, 2"
    assert place.control(visible) == undisturbed.control(visible)


def test_what_a_killed_backfill_has_noted_is_not_computed_again(undisturbed, tmp_path):
    place = Place(tmp_path, undisturbed.sources)
    process = _start(place)
    while process.poll() is None and ("signal_values", str(END)) not in _noted(place):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    out, err = _finish(place)
    assert "Went on from where an earlier backfill of these days was stopped" in out, err
    assert "signal_values: " not in err, "the step was over, and its days were computed again"
    assert "crm_fields: 0 of 6 days done" in err
    assert same_tables(undisturbed, place) == []
