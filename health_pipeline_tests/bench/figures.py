"""Runs of the sample: all measurements of one sitting."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from health_pipeline_tests.bench.measure import Spent, child, in_turns, median
from health_pipeline_tests.bench.world import World

LOAD = "from health_pipeline.definitions import defs; defs.get_repository_def()"


@dataclass(frozen=True)
class Sizes:
    """How much is measured: the world, the first run, and how often."""

    accounts: int = 400
    months: int = 15
    days: int | None = None
    first_runs: int = 2
    times: int = 3
    loads: int = 5


SMALL = Sizes(accounts=40, months=6, days=3, first_runs=1, times=1, loads=1)
"""Enough to see that everything is measured; the figures mean nothing."""


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        sizes: of the worlds.
        first: the first run. `first_steps`: CPU and wall seconds of its steps, from a run of its
            own.
        daily, unrecorded, bare: one more day by `health run` with Dagster's record, without, and
            the computation alone. `bare_stages`: its stages in the last repetition.
        definitions, dagster: loading all definitions, and importing Dagster alone.
        copied: bytes and files of the lake after the first run.
    """

    sizes: Sizes
    first: Spent
    first_steps: dict[str, tuple[float, float]]
    daily: Spent
    unrecorded: Spent
    bare: Spent
    bare_stages: dict[str, tuple[float, float]]
    definitions: Spent
    dagster: Spent
    lake_files: int
    lake_megabytes: float


def take(folder: Path, sizes: Sizes) -> Figures:
    """Measure everything; worlds and lakes are made in `folder`."""
    world = World(folder, sizes.days)
    world.generate(sizes.accounts, sizes.months)
    steps = world.first_run_by_step()
    first = median([world.first_run() for _ in range(sizes.first_runs)])
    world.keep()
    files = [path.stat().st_size for path in world.lake.rglob("*.parquet")]
    stages: dict[str, tuple[float, float]] = {}

    def bare() -> Spent:
        spent = world.bare_day()
        stages.update(json.loads(spent.out))
        return spent

    daily, unrecorded, alone = in_turns(
        sizes.times, world.daily_run, lambda: world.daily_run(recorded=False), bare
    )
    home = {"DAGSTER_HOME": world.home / "dagster"}
    definitions, dagster = in_turns(
        sizes.loads,
        lambda: child("-c", LOAD, env=home),
        lambda: child("-c", "import dagster", env=home),
    )
    return Figures(
        sizes=sizes,
        first=first,
        first_steps=steps,
        daily=daily,
        unrecorded=unrecorded,
        bare=alone,
        bare_stages=stages,
        definitions=definitions,
        dagster=dagster,
        lake_files=len(files),
        lake_megabytes=sum(files) / 2**20,
    )
