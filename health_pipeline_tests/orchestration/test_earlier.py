"""Which published scores a day is scored by: few days, few columns, none that is scored itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.config.loader import load_model
from health_pipeline.core.scoring.grid import EARLIER
from health_pipeline.orchestration.earlier import SCORES, earlier_scores
from health_pipeline_tests.core.schemas.worlds import table

DAY = date(2026, 3, 10)
RULES = load_model().scoring


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", open_control(tmp_path / "control.db"))


def back(*days):
    return [DAY - timedelta(days=n) for n in sorted(days, reverse=True)]


@pytest.mark.parametrize(
    ("why", "days", "expected"),
    [
        ("one day: the week before, and thirty days before", [DAY], back(*range(1, 8), 30)),
        (
            "a range: thirty days before each, but none of its own",
            back(*range(36)),
            back(*range(36, 66)),
        ),
    ],
)
def test_what_is_read(lake, why, days, expected):
    rows = {day: table(SCORES, [{"date": day, "score": 50.0}]) for day in back(*range(80))}
    writes = [Write(SCORES, day, frame) for day, frame in rows.items()]
    lake.publish(writes, run_id="r", at=datetime(2026, 3, 11, tzinfo=UTC))
    found = earlier_scores(lake, days, RULES)
    assert found["date"].sort().to_list() == expected, why
    assert found.columns == list(EARLIER)


def test_nothing_is_published_yet(lake):
    assert earlier_scores(lake, [DAY], RULES).shape == (0, len(EARLIER))
