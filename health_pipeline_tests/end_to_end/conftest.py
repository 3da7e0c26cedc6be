"""A small sample world, a finished lake over it, and the shell's own front door."""

from __future__ import annotations

from datetime import date

import pytest

from health_pipeline_tests.end_to_end.shell import Place, health

END = date(2025, 6, 30)
FIRST = date(2025, 6, 24)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Folder of sources: 30 accounts, January to June. Read-only."""
    folder = tmp_path_factory.mktemp("world") / "sources"
    told = health("sample", "--out", folder, "--end", END, "--accounts", 30, "--months", 6)
    assert told.code == 0, told.err
    return folder


@pytest.fixture(scope="session")
def small_world(tmp_path_factory):
    """Folder of sources: 12 accounts, April to June. Read-only."""
    folder = tmp_path_factory.mktemp("small") / "sources"
    told = health("sample", "--out", folder, "--end", END, "--accounts", 12, "--months", 3)
    assert told.code == 0, told.err
    return folder


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
