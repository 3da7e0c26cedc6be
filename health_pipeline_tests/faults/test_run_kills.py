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
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A place where the run was left alone, and how long it took in seconds."""
    home = tmp_path_factory.mktemp("undisturbed")
    place = Place(home, write_as_of(small(END), home / "sources", END))
    begun = time.monotonic()
    process = _start(place)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return place, time.monotonic() - begun


def _is_whole(place):
    """Every visible file is there and is what the manifest says of it."""
    if not (place.home / "control.db").exists():
        return
    with closing(sqlite3.connect(place.home / "control.db")) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'manifest'").fetchall():
            return
        rows = base.execute("SELECT path, rows, bytes FROM manifest").fetchall()
    for path, height, size in rows:
        file = place.lake / path
        assert file.stat().st_size == size, path
        assert pl.scan_parquet(file).select(pl.len()).collect().item() == height, path


def _kill_and_finish(home, sources, after):
    """One lake: killed after each of `after` seconds, then finished. How far each kill got."""
    home.mkdir()
    place, reached = Place(home, sources), []
    for seconds in after:
        process = _start(place)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        _is_whole(place)
        reached.append(len(place.manifest()) if (home / "control.db").exists() else 0)
    process = _start(place)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
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


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.torture)])
def test_a_killed_run_is_finished_by_the_next(kills, undisturbed, tmp_path):
    whole, seconds = undisturbed
    chance = random.Random(5)
    plans = [
        [chance.uniform(0.0, seconds) for _ in range(PER_LAKE)] for _ in range(kills // PER_LAKE)
    ]
    with ThreadPoolExecutor(2) as two:
        ended = list(
            two.map(
                lambda n: _kill_and_finish(tmp_path / f"lake{n}", whole.sources, plans[n]),
                range(len(plans)),
            )
        )
    reached = {done for _, counts in ended for done in counts}
    assert len(reached) > 3, f"the kills met only {reached}: the test shows little"
    for place, _ in ended:
        assert same_tables(whole, place) == []
        assert _ledger(place) == _ledger(whole)
