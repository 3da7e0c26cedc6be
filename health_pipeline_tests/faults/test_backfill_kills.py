"""`health backfill` killed anywhere, again and again, ends where an undisturbed one ends."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place, same_tables
from health_pipeline_tests.faults.kills import Killed

FIRST = END - timedelta(days=5)

PUBLISHES = 45
"""Somewhat fewer than a whole backfill makes, so that the last kill meets one that is under way."""

RUN = """
import sys
import health_pipeline.cli.backfill
from health_pipeline.cli import main
from health_pipeline.orchestration import chunks
chunks.CHUNK_DAYS = 2
print("ready", flush=True)
main()
"""


def _backfill(place):
    return Killed(place, RUN, "backfill", "--from", FIRST, "--to", END)


def _noted(backfill):
    """Chunks whose end is noted: steps and how far each is."""
    if backfill.count("SELECT count(*) FROM backfill_steps") == 0:
        return frozenset()
    return frozenset(backfill.place.control("SELECT step, through FROM backfill_steps"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A place where the backfill was left alone."""
    home = tmp_path_factory.mktemp("undisturbed")
    place = Place(home, write_as_of(small(END), home / "sources", END))
    out, err = _backfill(place).finish()
    assert "Filled: 6 days" in out, err
    assert "Went on" not in out
    return place


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.torture)])
def test_a_killed_backfill_goes_on(kills, undisturbed, tmp_path):
    place, chance, noted = Place(tmp_path, undisturbed.sources), random.Random(kills), set()
    backfill = _backfill(place)
    for _ in range(kills):
        backfill.kill_after(PUBLISHES // (kills + 1), chance, latest=0.1)
        noted.add(_noted(backfill))
    assert len(noted) > 1, f"the kills met only {noted}"
    backfill.finish()
    assert same_tables(undisturbed, place) == []
    for table in ("backfill_steps", "outbox", "evaluations"):
        assert place.control(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - our tables
    visible = "SELECT table_name, partition, rows FROM manifest ORDER BY 1, 2"
    assert place.control(visible) == undisturbed.control(visible)


def test_what_a_killed_backfill_has_noted_is_not_computed_again(undisturbed, tmp_path):
    place = Place(tmp_path, undisturbed.sources)
    backfill = _backfill(place)
    backfill.kill_when(lambda: ("scores", str(END)) in _noted(backfill))
    out, err = backfill.finish()
    assert "Went on from where an earlier backfill of these days was stopped" in out, err
    assert "scores: " not in err, "the step was over, and its days were computed again"
    assert "crm_fields: 0 of 6 days done" in err
    assert same_tables(undisturbed, place) == []
