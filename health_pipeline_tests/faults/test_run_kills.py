"""`health run` killed anywhere, again and again, ends where an undisturbed run ends."""

from __future__ import annotations

import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import polars as pl
import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place, same_tables
from health_pipeline_tests.faults.kills import Killed

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


def _run(place):
    return Killed(place, RUN, "run", "--from", END, "--to", END)


def _assert_whole(place):
    """Every visible file is there and is what the manifest says of it."""
    if _run(place).published() == 0:
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
    run = _run(place)
    for _ in range(PER_LAKE):
        run.kill_after(chance.randint(0, STEPS), chance, latest=0.2)
        reached.append(run.published())
        _assert_whole(place)
    run.finish()
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
        "outbox": place.control("SELECT key, dedup_key, kind FROM outbox ORDER BY 1"),
        "visible": place.control("SELECT table_name, partition, rows FROM manifest ORDER BY 1, 2"),
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A place where the run was left alone."""
    home = tmp_path_factory.mktemp("undisturbed")
    place = Place(home, write_as_of(small(END), home / "sources", END))
    _run(place).finish()
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
