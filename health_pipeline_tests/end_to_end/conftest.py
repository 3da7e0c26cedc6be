"""A small sample world, a finished lake over it, and the shell's own front door."""

from __future__ import annotations

from datetime import date

import pytest

from health_pipeline_tests.end_to_end import examples
from health_pipeline_tests.end_to_end.folders import small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place, health

END = date(2025, 6, 30)
FIRST = date(2025, 6, 24)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Folder of sources as `health sample` writes it: 36 accounts, January to June. Read-only."""
    folder = tmp_path_factory.mktemp("world") / "sources"
    size = ("--accounts", 36, "--months", 6, "--seed", 5)  # accounts of every tier on the last day
    told = health("sample", "--out", folder, "--end", END, *size)
    assert told.code == 0, told.err
    return folder


@pytest.fixture(scope="session")
def small_world(tmp_path_factory):
    """Folder of sources: 12 accounts, April to June, no broken rows. Read-only."""
    return write_as_of(small(END), tmp_path_factory.mktemp("small") / "sources", END)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, world):
    """A place with the last week of `world` published, and what the run said. Read-only."""
    place = Place(tmp_path_factory.mktemp("finished"), world)
    place.told = place.run("--from", FIRST)
    assert place.told.code == 0, place.told.err
    return place


@pytest.fixture(scope="session")
def small_finished(tmp_path_factory, small_world):
    """A place with the last day of `small_world` published. Read-only."""
    place = Place(tmp_path_factory.mktemp("small_finished"), small_world)
    place.told = place.run_days(END, END)
    assert place.told.code == 0, place.told.err
    return place


@pytest.fixture(scope="session")
def ravenstack(tmp_path_factory):
    """Two days of the original files."""
    home = tmp_path_factory.mktemp("ravenstack")
    return examples.run("ravenstack", "ravenstack", home, "--from", "2024-12-30")


@pytest.fixture(scope="session")
def openstack(tmp_path_factory):
    """Two days of commits, on top of six years of history."""
    home = tmp_path_factory.mktemp("openstack")
    return examples.run("openstack", "openstack_company_activity", home, "--from", "2015-12-30")
