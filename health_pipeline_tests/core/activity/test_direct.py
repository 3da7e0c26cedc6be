from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.activity.direct import QUESTIONS, counted_directly
from health_pipeline.core.schemas.frames import ACTIVITY

DAY = date(2026, 3, 31)

CASES = [
    # why, user, days ago, days until known, core events, in the windows of 7, 30 and of core use
    ("on the day", "u", 0, 0, 0, (1, 1, 0)),
    ("one core event is core use", "u", 0, 0, 1, (1, 1, 1)),
    ("the first day of a week", "u", 6, 0, 1, (1, 1, 1)),
    ("the day before it", "u", 7, 0, 1, (0, 1, 1)),
    ("the first of 30 days", "u", 29, 0, 1, (0, 1, 1)),
    ("the day before them", "u", 30, 0, 1, (0, 0, 0)),
    ("known when it is asked", "u", 2, 3, 1, (1, 1, 1)),
    ("known a day later", "u", 2, 4, 1, (0, 0, 0)),
    ("after the window", "u", -1, 0, 1, (0, 0, 0)),
    ("of nobody", None, 0, 0, 1, (0, 0, 0)),
]


@pytest.mark.parametrize(
    ("why", "user", "ago", "late", "core", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_who_counts(why, user, ago, late, core, expected):
    day = DAY - timedelta(days=ago)
    known = day + timedelta(days=late)
    rows = [("a", user, day, known, 1, core, 0), ("b", "u", DAY, DAY, 1, 1, 0)]
    activity = pl.DataFrame(rows, schema=ACTIVITY, orient="row")
    asked = DAY + timedelta(days=1)
    questions = pl.DataFrame([("a", asked, DAY)], schema=QUESTIONS, orient="row")
    found = counted_directly(activity, questions).row(0, named=True)
    names = ("active_users_7d", "active_users_30d", "core_users_30d")
    assert tuple(found[name] for name in names) == expected
