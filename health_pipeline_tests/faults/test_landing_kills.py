"""A landing of events killed anywhere leaves what was there, and the next one finishes it."""

from __future__ import annotations

import random
import time
from datetime import date, datetime

import polars as pl
import pytest

from health_pipeline.orchestration.landing import land_table
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.faults.kills import kill, started
from health_pipeline_tests.orchestration.small_world import house_in

DAY = date(2025, 6, 30)
ROWS = 300_000

LAND = """
import sys
from datetime import date
from pathlib import Path
from health_pipeline.orchestration.landing import land_table
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.orchestration.small_world import house_in
home, day = Path(sys.argv[1]), date.fromisoformat(sys.argv[2])
with house_in(home, home.parent / "sources").open() as stores:
    print("ready", flush=True)
    print(land_table(stores, Reads(stores), "events", Window(day, day), "run"))
"""


def visible(home):
    """table, partition → digest and rows of what is visible; every file of it is whole."""
    with house_in(home, home.parent / "sources").open() as stores:
        rows = stores.control.execute(
            "SELECT table_name, partition, path, rows, digest FROM manifest"
        ).fetchall()
        for _, _, path, height, _ in rows:
            found = pl.scan_parquet(stores.lake.root / path).select(pl.len()).collect().item()
            assert found == height
    return {(table, day): (digest, height) for table, day, _, height, digest in rows}


def land(home):
    with house_in(home, home.parent / "sources").open() as stores:
        found = land_table(stores, Reads(stores), "events", Window(DAY, DAY), "run")
    assert found.error is None


def write(folder, name, start):
    n = pl.int_range(start, start + ROWS, eager=True)
    at = pl.lit(datetime.combine(DAY, datetime.min.time())) + pl.duration(seconds=n % 90_000)
    pl.DataFrame({"n": n}).select(
        pl.lit("product").alias("source"),
        pl.col("n").cast(pl.String).alias("event_id"),
        at.dt.replace_time_zone("UTC").alias("occurred_at"),
        pl.lit("login").alias("event_name"),
    ).write_parquet(folder / name)


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.torture)])
def test_a_killed_landing_is_all_or_nothing(kills, tmp_path):
    sources, chance = tmp_path / "sources", random.Random(5)
    (sources / "events").mkdir(parents=True)
    write(sources / "events", "1.parquet", 0)
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    for home in (undisturbed, killed):
        home.mkdir()
        land(home)
    write(sources / "events", "2.parquet", ROWS // 2)
    before = visible(killed)
    land(undisturbed)
    after = visible(undisturbed)
    assert after[("landing/events", f"{DAY}")] != before[("landing/events", f"{DAY}")]
    for _ in range(kills):
        landing = started(LAND, killed, DAY)
        time.sleep(chance.uniform(0, 1.2))
        kill(landing)
        assert visible(killed) in (before, after)
    land(killed)
    assert visible(killed) == after
