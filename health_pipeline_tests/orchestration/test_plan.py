from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from health_pipeline.orchestration.plan import landing_window
from health_pipeline.orchestration.window import BACKFILL_TAG, Window, tags_for

DAY = date(2026, 3, 10)
OLD, LATER = Window(DAY - timedelta(30), DAY - timedelta(20)), Window(DAY, DAY + timedelta(3))


@pytest.mark.parametrize(
    ("why", "window", "silent", "published", "expected"),
    [
        ("a daily run lands for its own days", OLD, False, DAY, OLD),
        # However long ago that is: what a daily run of that day would know, it is to know.
        ("history: for the day after the last published one", OLD, True, DAY, DAY + timedelta(1)),
        ("history behind it lands for itself", LATER, True, OLD.last, LATER),
        ("… and where nothing is published", OLD, True, None, OLD),
    ],
)
def test_for_which_days_a_run_lands(why, window, silent, published, expected):
    days = [] if published is None else [published]
    stores = SimpleNamespace(lake=SimpleNamespace(days=lambda _table: days))
    tags = tags_for(window.first, window.last) | ({BACKFILL_TAG: "x"} if silent else {})
    if isinstance(expected, date):
        expected = Window(expected, expected)
    assert landing_window(stores, tags) == expected, why
