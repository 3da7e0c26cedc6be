from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.activity.observed import WEEKLY, WINDOWS, as_observed
from health_pipeline.core.activity.windows import first_active
from health_pipeline.core.schemas.frames import ACTIVITY

DAY = date(2026, 6, 30)


def activity(*rows):
    """(user, days ago, days until known)."""
    shaped = [
        (
            "acc",
            user,
            DAY - timedelta(days=ago),
            DAY - timedelta(days=ago - late),
            1,
            0,
            0,
        )
        for user, ago, late in rows
    ]
    return pl.DataFrame(shaped, schema=ACTIVITY, orient="row")


def observed(*pairs):
    """(D as days ago, observed_on as days ago)."""
    rows = [
        ("acc", DAY - timedelta(days=day), None if on is None else DAY - timedelta(days=on))
        for day, on in pairs
    ]
    schema = {"account_id": pl.String, "date": pl.Date, "observed_on": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("why", "rows", "pair", "expected"),
    [
        ("delivered to the day", [("u", 0, 0), ("v", 6, 0), ("w", 7, 0)], (0, 0), 2),
        ("the window ends on the last delivered day", [("u", 1, 0), ("w", 7, 0)], (0, 1), 2),
        ("what arrived since is seen", [("u", 1, 1), ("w", 7, 0)], (0, 1), 2),
        ("what arrives after D is not", [("u", 1, 2), ("w", 7, 0)], (0, 1), 1),
    ],
)
def test_windows_as_of_the_last_delivered_day(why, rows, pair, expected):
    views, _ = as_observed(activity(*rows), observed(pair))
    assert dict(views.schema) == WINDOWS
    assert views["active_users_7d"].to_list() == [expected], why


def test_each_day_has_its_own_view():
    views, _ = as_observed(activity(("u", 9, 0), ("v", 0, 0)), observed((9, 9), (1, 9), (0, 0)))
    assert views.select("date", "observed_on", "active_users_7d", "active_users_30d").rows() == [
        (DAY - timedelta(days=9), DAY - timedelta(days=9), 1, 1),
        (DAY - timedelta(days=1), DAY - timedelta(days=9), 1, 1),
        (DAY, DAY, 1, 2),
    ]


def test_weeks_count_back_from_the_last_delivered_day():
    rows = [("u", 1, 0), ("v", 2, 0), ("u", 8, 0), ("u", 15, 0), ("w", 22, 0)]
    _, weeks = as_observed(activity(*rows), observed((0, 1)))
    assert dict(weeks.schema) == WEEKLY
    # The account was first active in the fourth week; a quiet week before it is not a zero.
    assert weeks.select("week", "active_users").rows() == [(0, 2), (1, 1), (2, 1), (3, 1)]


def test_quiet_weeks_of_an_old_account_are_zero():
    history = activity(("u", 400, 0), ("u", 0, 0))
    recent = activity(("u", 0, 0))
    _, weeks = as_observed(recent, observed((0, 0)), seen=first_active(history))
    assert weeks["active_users"].to_list() == [1, *[0] * 13]


def test_an_account_without_any_delivered_day_is_not_seen():
    views, weeks = as_observed(activity(("u", 0, 0)), observed((0, None)))
    assert views.is_empty()
    assert weeks.is_empty()
