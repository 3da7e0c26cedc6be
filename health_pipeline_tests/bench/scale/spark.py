"""`python -m health_pipeline_tests.bench.scale.spark FOLDER TIMES`: the roll-up of a day on Spark.

On a standalone cluster of two workers on loopback. CPU is that of this process and of all below
it: driver, master, workers, executors. Nothing of starting the cluster or the session is counted;
the first roll-up of the session is told apart from the later ones, when Spark has warmed up.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from health_pipeline.adapters.engines import spark, steps
from health_pipeline.adapters.engines.params import SparkConfig
from health_pipeline.adapters.engines.spark_session import session
from health_pipeline_tests.bench.scale.digests import digests
from health_pipeline_tests.bench.scale.places import EVENTS, Places
from health_pipeline_tests.bench.scale.sizes import END
from health_pipeline_tests.bench.subjects import roll_up_inputs, tables
from health_pipeline_tests.spark.cluster import SETTINGS, cluster, cpu_seconds, missing

SKIPPED = "skipped"
PATIENCE = 300.0
"""Seconds to wait for the session, which is not counted: a busy machine starts it slowly."""


def rolled_up(places: Places, times: int) -> list[dict[str, Any]]:
    """`times` roll-ups of END in one session, each measured."""
    given, files = roll_up_inputs(places, END, END), places.files(EVENTS, [END])
    links = (given.pop("user_links"), given.pop("account_xref"))
    small = steps.inputs(*links, given["rules"])
    found = []
    with tempfile.TemporaryDirectory() as logs, cluster(Path(logs)) as running:
        config = SparkConfig(master=running.master, settings=SETTINGS, wait_seconds=PATIENCE)
        with session(config) as opened:
            for _ in range(times):
                cpu, wall = cpu_seconds(), time.perf_counter()
                result = spark.rolled_up(opened, files, small, **given)
                cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
                gave = digests(tables(result))
                found.append({"cpu": cpu, "wall": wall, "peak": 0.0, "gave": gave})
    return found


if __name__ == "__main__":
    absent = missing()
    told = {SKIPPED: absent} if absent else rolled_up(Places(Path(sys.argv[1])), int(sys.argv[2]))
    print(json.dumps(told))  # noqa: T201 - what the parent reads
