"""One cluster for all tests of this folder; what needs all its cores asks for them in turn."""

from __future__ import annotations

from datetime import date

import pytest

from health_pipeline_tests.end_to_end.shell import Place, health
from health_pipeline_tests.spark.cluster import QUICK, cluster

END = date(2025, 6, 30)


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """A cluster of two workers."""
    with cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def remote(running):
    """A Spark Connect server on it, for the tests of one module."""
    with running.connect_server(QUICK) as address:
        yield address


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Folder of sources as `health sample` writes it: 25 accounts, January to June. Read-only."""
    folder = tmp_path_factory.mktemp("world") / "sources"
    told = health("sample", "--out", folder, "--end", END, "--accounts", 25, "--months", 6)
    assert told.code == 0, told.err
    return folder


@pytest.fixture(scope="session")
def on_duckdb(tmp_path_factory, world):
    """A place with the last three days of `world`, by the default engine. Read-only."""
    place = Place(tmp_path_factory.mktemp("on_duckdb"), world)
    place.told = place.run_days(date(2025, 6, 28), END)
    assert place.told.code == 0, place.told.err
    return place
