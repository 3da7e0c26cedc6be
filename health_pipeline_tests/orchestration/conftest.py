"""One small world that Dagster itself has run: a range of days, then one day more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from health_pipeline.orchestration.house import House
from health_pipeline_tests.orchestration.small_world import (
    house_in,
    instance_in,
    run_days,
    write_sources,
)

FIRST, LAST, NEXT = date(2025, 9, 27), date(2025, 9, 29), date(2025, 9, 30)


@dataclass(frozen=True)
class Ran:
    """`ranged` ran FIRST to LAST, `single` the partition NEXT; read-only for tests."""

    house: House
    instance: dg.DagsterInstance
    ranged: dg.ExecuteInProcessResult
    single: dg.ExecuteInProcessResult


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    return write_sources(tmp_path_factory.mktemp("small_world"))


@pytest.fixture(scope="session")
def ran(tmp_path_factory, sources):
    home = tmp_path_factory.mktemp("ran")
    house = house_in(home, sources)
    with instance_in(home / "dagster") as instance:
        ranged = run_days(house, instance, FIRST, LAST)
        yield Ran(house, instance, ranged, run_days(house, instance, NEXT))
