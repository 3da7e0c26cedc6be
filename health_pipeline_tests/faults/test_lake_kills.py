"""A publishing process killed anywhere leaves one whole generation of everything."""

import random
import time
from pathlib import Path

import polars as pl
import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.lake import Lake
from health_pipeline_tests.faults.kills import kill, started

WRITER = """
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import polars as pl
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.lake import Lake, Write
home = Path(sys.argv[1])
lake = Lake(home / "lake", open_control(home / "control.db"))
print("ready", flush=True)
for generation in range(1, 100_000):
    frame = pl.DataFrame({"generation": [generation] * 20_000})
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(5)]
    lake.publish([Write("t", d, frame) for d in days], run_id="r", at=datetime.now(UTC))
"""


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.torture)])
def test_killed_writers_never_leave_a_torn_or_mixed_publish(tmp_path, kills):
    chance = random.Random(11)
    seen = 0
    for nth in range(kills):
        slow = 1 if seen else 1 + nth  # a busy machine is given more time until it has published
        seen = max(seen, _kill_one(tmp_path, slow * chance.uniform(0.0, 0.12)))
    assert seen > 0, "no writer ever published: the test shows nothing"


def _kill_one(home: Path, after: float) -> int:
    writer = started(WRITER, home)
    time.sleep(after)
    kill(writer)
    connection = open_control(home / "control.db")
    frame = Lake(home / "lake", connection).frame("t")
    connection.close()
    if frame is None:
        return 0
    assert frame.height == 5 * 20_000
    assert frame["generation"].n_unique() == 1, "days of two publishes are mixed"
    return int(frame.select(pl.col("generation").max()).item())
