from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.activity.first_active import first_active
from health_pipeline.core.activity.observed import OBSERVED
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline_tests.core.activity.observing import observe, weeks_of

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
    views = observe(activity(*rows), observed(pair))
    assert dict(views.schema) == OBSERVED
    assert views["active_users_7d"].to_list() == [expected], why


def test_each_day_has_its_own_view():
    views = observe(activity(("u", 9, 0), ("v", 0, 0)), observed((9, 9), (1, 9), (0, 0)))
    assert views.select("date", "observed_on", "active_users_7d", "active_users_30d").rows() == [
        (DAY - timedelta(days=9), DAY - timedelta(days=9), 1, 1),
        (DAY - timedelta(days=1), DAY - timedelta(days=9), 1, 1),
        (DAY, DAY, 1, 2),
    ]


def test_weeks_count_back_from_the_last_delivered_day():
    rows = [("u", 1, 0), ("v", 2, 0), ("u", 8, 0), ("u", 15, 0), ("w", 22, 0)]
    views = observe(activity(*rows), observed((0, 1)))
    # The account was first active in the fourth week; a quiet week before it is not a zero.
    assert weeks_of(views) == [[(0, 2), (1, 1), (2, 1), (3, 1)]]


def test_quiet_weeks_of_an_old_account_are_zero():
    history = activity(("u", 400, 0), ("u", 0, 0))
    views = observe(activity(("u", 0, 0)), observed((0, 0)), seen=first_active(history))
    assert views["weekly_users"].to_list() == [[1, *[0] * 13]]


def test_weeks_before_the_first_known_user_are_unknown():
    views = observe(activity((None, 30, 0), ("u", 10, 0)), observed((0, 0)))
    assert weeks_of(views) == [[(0, 0), (1, 1)]]
    assert views["events_30d"].to_list() == [1]


def test_what_arrived_after_the_last_delivered_day_hides_nobody():
    """The state knows only when u was last seen; that u was active before is counted directly."""
    rows = [("u", 3, 0), ("u", 0, 0), ("v", 4, 0)]
    views = observe(activity(*rows), observed((0, 2)))
    assert views.select("active_users_7d", "events_7d").rows() == [(2, 2)]


def test_weeks_of_other_days_are_taken_as_they_were_stored():
    rows = activity(("u", 0, 0), ("u", 7, 0), ("v", 8, 0), ("u", 14, 9))
    asked = observed((0, 0))
    before = observe(rows, observed((14, 14), (7, 7)))
    again = observe(rows.filter(pl.col("day") == DAY), asked, first_active(rows), stored=before)
    assert weeks_of(again) == weeks_of(observe(rows, asked)) == [[(0, 1), (1, 2)]]


def test_weeks_that_were_not_delivered_by_their_end_are_counted_as_known_now():
    """Our export was late by ten days: what came then was no quiet week."""
    rows = activity(*(("u", ago, 0) for ago in (0, 15, 22)), ("u", 7, 6), ("v", 8, 7))
    asked = observed((7, 15), (0, 0))
    assert weeks_of(observe(rows, asked))[1] == [(0, 1), (1, 2), (2, 1), (3, 1)]
    before = observe(rows, observed((21, 21), (14, 15), (7, 15)))
    again = observe(rows, observed((0, 0)), stored=before)
    assert weeks_of(again) == [[(0, 1), (1, 2), (2, 1), (3, 1)]]


def test_what_a_source_that_delivered_sends_late_is_left_out_of_its_week():
    rows = activity(*(("u", ago, 0) for ago in (0, 7, 14)), ("v", 8, 4))
    asked = observed((7, 7), (0, 0))
    assert weeks_of(observe(rows, asked))[1] == [(0, 1), (1, 1), (2, 1)]


def test_days_of_activity_are_told_back_to_eighteen_weeks():
    rows = activity(("u", 1, 0), (None, 3, 2), ("u", 64, 0), ("u", 126, 0), ("u", 127, 0))
    for lag, first, second in ((1, [0, 2], [0, 62]), (0, [1, 3], [1])):
        views = observe(rows, observed((0, lag)))
        masks = [sum(2**n for n in days) for days in (first, second)]
        assert views.select("active_mask_0", "active_mask_1").row(0) == tuple(masks), lag


def test_the_first_core_day_is_told_as_known_on_the_day():
    rows = activity(("u", 3, 0), ("u", 5, 4)).with_columns(pl.lit(1, pl.Int64).alias("core_events"))
    views = observe(rows, observed((3, 3), (2, 2), (1, 1), (0, 0)))
    expected = [DAY - timedelta(days=n) for n in (3, 3, 5, 5)]
    assert views["first_core_on"].to_list() == expected


def test_an_account_without_any_delivered_day_is_not_seen():
    views = observe(activity(("u", 1, 0)), observed((0, None), (1, 1)))
    assert views["date"].to_list() == [DAY - timedelta(days=1)]
