"""A world of 25 accounts, small enough to be run through Dagster itself, and its house."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path

import dagster as dg

from health_pipeline.adapters.sample import generate, write
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.definitions import DAILY_JOB, build_definitions
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.run import QUIET
from health_pipeline.orchestration.window import PARTITION, tags_for

END = date(2025, 9, 30)
"""Last day of the data: in the past on every clock, and in the model's history."""


def write_sources(home: Path, end: date = END) -> Path:
    """The sample of 25 accounts and six months in `home`/sources."""
    sources = home / "sources"
    write(generate(end, seed=7, accounts=25, months=6), sources, home / "truth")
    return sources


@cache
def packaged_model():
    return load_model(None)


def house_in(home: Path, sources: Path) -> House:
    """A house with a lake of its own in `home`."""
    return House(load_settings({}, sources=sources, lake=home / "lake"), packaged_model())


@contextmanager
def instance_in(home: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance that keeps everything in `home`."""
    home.mkdir()
    with dg.instance_for_test(temp_dir=str(home)) as instance:
        yield instance


def run_days(
    house: House,
    instance: dg.DagsterInstance,
    first: date,
    last: date | None = None,
    job: str = DAILY_JOB,
    assets: Sequence[str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run a job, or some of its assets, for one partition or for a range of them."""
    return (
        build_definitions(house)
        .resolve_job_def(job)
        .execute_in_process(
            instance=instance,
            tags=tags_for(first, last) if last else {PARTITION: first.isoformat()},
            asset_selection=[dg.AssetKey(name) for name in assets] if assets else None,
            run_config=QUIET,
            raise_on_error=False,
        )
    )
