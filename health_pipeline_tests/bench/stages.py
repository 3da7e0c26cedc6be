"""`python -m health_pipeline_tests.bench.stages SOURCES LAKE FIRST LAST`: seconds of each step.

The daily job in this process, as `health run` executes it, heard by its instance; prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from datetime import date
from pathlib import Path

import dagster as dg

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.definitions import DAILY_JOB, build_definitions
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.run import QUIET
from health_pipeline.orchestration.window import tags_for

BEFORE_STEPS = "before the first step"


def steps(house: House, first: date, last: date) -> dict[str, tuple[float, float]]:
    """CPU and wall seconds of every step of a run over `first` to `last`, in their order."""
    run_id = str(uuid.uuid4())
    begun = {BEFORE_STEPS: _now()}
    found: dict[str, tuple[float, float]] = {}

    def hear(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        if event.event_type is dg.DagsterEventType.STEP_START:
            found.setdefault(BEFORE_STEPS, _since(begun[BEFORE_STEPS]))
            begun[event.step_key] = _now()
        elif event.event_type is dg.DagsterEventType.STEP_SUCCESS:
            found[event.step_key] = _since(begun[event.step_key])

    job = build_definitions(house).resolve_job_def(DAILY_JOB)
    with dg.DagsterInstance.get() as instance:
        instance.add_event_listener(run_id, hear)
        job.execute_in_process(
            instance=instance, run_id=run_id, tags=tags_for(first, last), run_config=QUIET
        )
    return found


def _now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _since(start: tuple[float, float]) -> tuple[float, float]:
    cpu, wall = _now()
    return cpu - start[0], wall - start[1]


if __name__ == "__main__":
    sources, lake = map(Path, sys.argv[1:3])
    first, last = map(date.fromisoformat, sys.argv[3:5])
    house = House(load_settings({}, sources=sources, lake=lake), load_model(None))
    print(json.dumps(steps(house, first, last)))  # noqa: T201 - what the parent reads
