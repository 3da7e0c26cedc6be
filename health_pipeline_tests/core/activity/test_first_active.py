from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.activity.first_active import NEVER, FirstCore, first_active
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline.core.schemas.time import day_number, days_between

FIRST = date(2026, 3, 1)


def activity(*rows):
    """(account, day, days until known, core events)."""
    shaped = [
        (name, "u", FIRST + timedelta(day), FIRST + timedelta(day + late), 1, core, 0)
        for name, day, late, core in rows
    ]
    return pl.DataFrame(shaped, schema=ACTIVITY, orient="row")


@pytest.mark.parametrize(
    ("why", "rows", "expected"),
    [
        ("the first core day", [("a", 1, 0, 1), ("a", 2, 0, 3)], [None, 1, 1, 1, 1]),
        ("other use is none", [("a", 0, 0, 0), ("a", 3, 0, 1)], [None, None, None, 3, 3]),
        ("never", [("a", 0, 0, 0)], [None] * 5),
        ("an earlier day known later", [("a", 2, 0, 1), ("a", 0, 3, 1)], [None, None, 2, 0, 0]),
        ("of others", [("b", 0, 0, 1), ("a", 4, 0, 1)], [None, None, None, None, 4]),
    ],
)
def test_first_core_day_as_known_at_the_end_of_each_day(why, rows, expected):
    found = FirstCore(first_active(activity(*rows)), pl.Series(["a", "c"]))
    start = day_number(FIRST)
    days = [found.on(start + n).tolist() for n in range(5)]
    assert [None if a == NEVER else a - start for a, _ in days] == expected, why
    assert {c for _, c in days} == {NEVER}


def test_days_may_be_left_out():
    seen = first_active(activity(("a", 0, 0, 1), ("a", 3, 0, 1)))
    found = FirstCore(seen, pl.Series(["a"]))
    assert found.on(day_number(FIRST) + 9).tolist() == [day_number(FIRST)]


def test_accounts_that_began_alike_have_rows_of_their_own():
    seen = first_active(activity(("a", 1, 0, 1), ("b", 1, 0, 1)))
    assert seen["account_id"].to_list() == ["a", "b"]


def test_a_row_wherever_one_of_the_firsts_changed():
    seen = first_active(activity(("a", 2, 0, 0), ("a", 3, 0, 1), ("a", 4, 0, 1), ("a", 0, 4, 0)))
    days = days_between(FIRST, FIRST + timedelta(4))
    assert seen.select("known_on", "first_active_on", "first_core_on").rows() == [
        (days[2], days[2], None),
        (days[3], days[2], days[3]),
        (days[4], days[0], days[3]),
    ]
