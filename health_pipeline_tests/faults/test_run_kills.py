"""`health run` killed anywhere, again and again, ends where an undisturbed run ends."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import polars as pl
import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place, same_tables

PER_LAKE = 10
"""Kills in a row before a lake is allowed to finish."""

STEPS = 6
"""A run is killed after it has published at most so many times; a whole one does so 30 times."""

RUN = """
import sys
import health_pipeline.cli.run
from health_pipeline.cli import main
print("ready", flush=True)
main()
"""


def _start(place):
    """`health run` in a process of its own; returns once it is past its imports."""
    arguments = ["run", "--sources", place.sources, "--lake", place.lake, "--from", END]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *map(str, arguments), "--to", str(END)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if process.stdout.readline() != "ready\n":
        pytest.fail(process.communicate()[1])
    return process


def _finish(place):
    process = _start(place)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err


def _published(place):
    """How many publishes are still visible."""
    if not (place.home / "control.db").exists():
        return 0
    try:
        return place.control("SELECT count(DISTINCT published_at) FROM manifest")[0][0]
    except sqlite3.OperationalError:  # the very first run has no tables yet
        return 0


def _kill(place, chance):
    """Kill a run at a random moment after a random publish; returns how far the lake has got."""
    before, steps = _published(place), chance.randint(0, STEPS)
    process = _start(place)
    while process.poll() is None and _published(place) < before + steps:
        time.sleep(0.02)
    time.sleep(chance.uniform(0.0, 0.2))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    return _published(place)


def _assert_whole(place):
    """Every visible file is there and is what the manifest says of it."""
    if _published(place) == 0:
        return
    with closing(sqlite3.connect(place.home / "control.db")) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = base.execute("SELECT path, rows, bytes FROM manifest").fetchall()
    for path, height, size in rows:
        file = place.lake / path
        assert file.stat().st_size == size, path
        assert pl.scan_parquet(file).select(pl.len()).collect().item() == height, path


def _tormented(home, sources, seed):
    """One lake, killed time after time, then finished; and how far each kill found it."""
    home.mkdir()
    place, chance, reached = Place(home, sources), random.Random(seed), []
    for _ in range(PER_LAKE):
        reached.append(_kill(place, chance))
        _assert_whole(place)
    _finish(place)
    return place, reached


def _ledger(place):
    """What control.db remembers, the clock aside."""
    return {
        "registry": place.control(
            "SELECT source, source_account_id, account_id FROM account_registry ORDER BY 1, 2"
        ),
        "files": place.control("SELECT * FROM landed_files ORDER BY 1, 2"),
        "models": place.control("SELECT model_version, baseline_key FROM model_versions"),
        "evaluations": place.control("SELECT day, model_version FROM evaluations"),
        "outbox": place.control("SELECT key, alert_id FROM outbox ORDER BY 1"),
        "visible": place.control("SELECT table_name, partition, rows FROM manifest ORDER BY 1, 2"),
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A place where the run was left alone."""
    home = tmp_path_factory.mktemp("undisturbed")
    place = Place(home, write_as_of(small(END), home / "sources", END))
    _finish(place)
    return place


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.torture)])
def test_a_killed_run_is_finished_by_the_next(kills, undisturbed, tmp_path):
    lakes = range(kills // PER_LAKE)
    with ThreadPoolExecutor(2) as two:
        ended = list(
            two.map(lambda n: _tormented(tmp_path / f"{n}", undisturbed.sources, n), lakes)
        )
    reached = {steps for _, counts in ended for steps in counts}
    assert len(reached) > PER_LAKE // 2, f"the kills met only {reached}: the test shows little"
    for place, _ in ended:
        assert same_tables(undisturbed, place) == []
        assert _ledger(place) == _ledger(undisturbed)
