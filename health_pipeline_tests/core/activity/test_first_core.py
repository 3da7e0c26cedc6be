"""Since when a user has core use, as known on each day."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_pipeline.core.activity.first_core import (
    FIRST_CORE,
    core_on,
    first_core,
    first_core_as_of,
)

START = date(2026, 3, 1)
ROWS = {"user_id": pl.String, "day": pl.Date, "known_on": pl.Date, "core_events": pl.Int64}


def on(n):
    return START + timedelta(days=n)


def activity(*rows):
    """Rows of (user, day, known on, core events)."""
    named = [(user, on(day), on(known), core) for user, day, known, core in rows]
    return pl.DataFrame(named, schema=ROWS, orient="row")


CASES = [
    ("the first of two", [("u", 3, 3, 1), ("u", 5, 5, 2)], [("u", on(3), on(3))]),
    ("use without core use is none", [("u", 3, 3, 0), ("u", 5, 5, 2)], [("u", on(5), on(5))]),
    (
        "what arrives late moves it, from that day on",
        [("u", 5, 5, 1), ("u", 2, 8, 1)],
        [("u", on(5), on(5)), ("u", on(8), on(2))],
    ),
    ("late and later changes nothing", [("u", 5, 5, 1), ("u", 6, 9, 1)], [("u", on(5), on(5))]),
    ("of nobody in particular", [(None, 3, 3, 4)], []),
    (
        "each user for themselves",
        [("u", 3, 3, 1), ("v", 1, 1, 1)],
        [("u", on(3), on(3)), ("v", on(1), on(1))],
    ),
]


@pytest.mark.parametrize(("why", "rows", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_row_wherever_it_changes(why, rows, expected):
    found = first_core(activity(*rows).lazy()).collect()
    assert dict(found.schema) == FIRST_CORE
    assert sorted(found.rows()) == expected, why


USE = st.tuples(
    st.sampled_from(["u", "v", None]), st.integers(0, 9), st.integers(0, 6), st.integers(0, 1)
)


@given(st.lists(USE, max_size=12), st.integers(0, 16))
def test_as_of_a_day_it_is_the_least_day_known_by_then(drawn, day):
    rows = [(user, happened, happened + late, core) for user, happened, late, core in drawn]
    used = activity(*rows).lazy()
    found = first_core_as_of(first_core(used).collect(), on(day))
    alone = core_on(used, on(day)).collect()
    told: dict[str, date] = {}
    for user, happened, known, core in rows:
        if user and core and known <= day:
            told[user] = min(on(happened), told.get(user, on(happened)))
    assert dict(found.rows()) == dict(alone.rows()) == told
