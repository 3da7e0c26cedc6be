from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.core.activity.params import ActivityRules, Feature
from health_pipeline.core.activity.usage_daily import usage_daily
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.core.activity.observing import observe, weeks_of

RULES = ActivityRules(
    features=(
        Feature(name="reports", match=("reports",), core=True),
        Feature(name="api", match=("api",), events=("api_called",)),
    ),
    core_events=("workflow_run",),
)
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)
NO_EVENTS = pl.DataFrame(schema=ACTIVITY)
SCHEMA = {
    **SOURCE_TABLES["usage_daily"].schema,
    "account_id": pl.String(),
    "user_id": pl.String(),
}


def jan(day: int) -> date:
    return date(2026, 1, day)


def usage(metric, value, day=5, known=None, user=None, source="app"):
    known_at = datetime(2026, 1, known or day, 23, tzinfo=UTC)
    source_user = None if user is None else user.removeprefix("usr_")
    return (source, "a", source_user, jan(day), metric, value, known_at, "acc", user)


def landed(*rows):
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def activity(*rows):
    """(user, day, events) of acc, known at once unless a fourth value says when."""
    shaped = [
        ("acc", user, jan(day), jan(known[0] if known else day), events, 0, 0)
        for user, day, events, *known in rows
    ]
    return pl.DataFrame(shaped, schema=ACTIVITY, orient="row")


def added(*rows, events=NO_EVENTS, first=FIRST, last=LAST):
    return usage_daily(landed(*rows), events, RULES, first, last)


COUNTS = ("user_id", "known_on", "events", "core_events", "features")


@pytest.mark.parametrize(
    ("why", "rows", "expected"),
    [
        ("an event", [usage("event:login", 3.0)], [(None, jan(5), 3, 0, 0)]),
        ("a core event", [usage("event:Workflow_Run", 3.0)], [(None, jan(5), 3, 3, 0)]),
        ("an event of a feature", [usage("event:api_called", 2.0)], [(None, jan(5), 2, 0, 2)]),
        (
            "a feature alone is the volume",
            [usage("feature:reports", 4.0)],
            [(None, jan(5), 4, 4, 1)],
        ),
        (
            "the same use under event and feature counts once",
            [usage("event:login", 6.0), usage("feature:reports", 4.0)],
            [(None, jan(5), 6, 4, 1)],
        ),
        (
            "events add up",
            [usage("event:login", 6.0), usage("event:api_called", 1.0)],
            [(None, jan(5), 7, 0, 2)],
        ),
        (
            "users stay apart",
            [usage("event:login", 1.0, user="usr_u"), usage("event:login", 2.0, user="usr_v")],
            [("usr_u", jan(5), 1, 0, 0), ("usr_v", jan(5), 2, 0, 0)],
        ),
        (
            "a later version adds the difference",
            [usage("event:login", 3.0), usage("event:login", 5.0, known=7)],
            [(None, jan(5), 3, 0, 0), (None, jan(7), 2, 0, 0)],
        ),
        (
            "a correction downwards",
            [usage("event:login", 3.0), usage("event:login", 1.0, known=7)],
            [(None, jan(5), 3, 0, 0), (None, jan(7), -2, 0, 0)],
        ),
        (
            "the same again adds nothing",
            [usage("event:login", 3.0), usage("event:login", 3.0, known=7)],
            [(None, jan(5), 3, 0, 0)],
        ),
        ("a part of one is use", [usage("event:login", 0.4)], [(None, jan(5), 1, 0, 0)]),
        ("other fractions are rounded", [usage("event:login", 2.4)], [(None, jan(5), 2, 0, 0)]),
        (
            "a part of one is taken back",
            [usage("event:login", 0.4), usage("event:login", 0.0, known=7)],
            [(None, jan(5), 1, 0, 0), (None, jan(7), -1, 0, 0)],
        ),
        ("zero is no activity", [usage("event:login", 0.0)], []),
        ("distinct counts are no activity", [usage("active_users_7d", 4.0)], []),
    ],
)
def test_activity(why, rows, expected):
    found = added(*rows)
    assert dict(found.activity.schema) == ACTIVITY
    assert found.activity.select(COUNTS).rows() == expected, why


@pytest.mark.parametrize(
    ("why", "events", "filled"),
    [
        ("no events", [], True),
        ("events of another day", [("u", 6, 1)], True),
        ("events", [("u", 5, 1)], False),
        ("events that were not known yet", [("u", 5, 1, 9)], True),
    ],
)
def test_only_account_days_without_events_are_filled(why, events, filled):
    found = added(usage("event:login", 3.0), events=activity(*events))
    assert (not found.activity.is_empty()) == filled, why


@pytest.mark.parametrize(
    ("why", "events", "expected"),
    [
        ("a correction adds the difference", [], [(5, 3), (7, 2)]),
        (
            "events that arrive later take all of it back",
            [("u", 5, 4, 9)],
            [(5, 3), (7, 2), (9, -5)],
        ),
        ("… what was known by then", [("u", 5, 4, 6)], [(5, 3), (6, -3)]),
        ("… and only once", [("u", 5, 4, 9), ("v", 5, 1, 12)], [(5, 3), (7, 2), (9, -5)]),
    ],
)
def test_each_run_adds_what_became_known(why, events, expected):
    rows = [usage("event:login", 3.0), usage("event:login", 5.0, known=7)]
    known = activity(*events)
    whole = added(*rows, events=known).activity
    parts = [added(*rows, events=known, first=jan(n), last=jan(n)).activity for n in range(1, 32)]
    assert pl.concat(parts).equals(whole)
    counts = whole.select("known_on", "events").rows()
    assert counts == [(jan(day), added_events) for day, added_events in expected], why


@pytest.mark.parametrize(
    ("why", "rows", "expected"),
    [
        # what is known of the one day: known_on, events, core_events
        (
            "an event takes back what stood under a feature",
            [usage("feature:reports", 4.0), usage("event:login", 6.0, known=7)],
            [(5, 4, 4), (7, 2, 0)],
        ),
        (
            "… and core use only where it is core",
            [usage("feature:reports", 4.0), usage("event:workflow_run", 1.0, known=7)],
            [(5, 4, 4), (7, -3, -3)],
        ),
        (
            "a feature after an event counts nothing",
            [usage("event:login", 6.0), usage("feature:api", 4.0, known=7)],
            [(5, 6, 0), (7, 0, 0)],
        ),
        (
            "a correction after the event counts nothing",
            [
                usage("feature:reports", 4.0),
                usage("event:workflow_run", 6.0, known=7),
                usage("feature:reports", 9.0, known=8),
            ],
            [(5, 4, 4), (7, 2, 2), (8, 0, 0)],
        ),
    ],
)
def test_events_after_features_of_one_day_change_nothing_earlier(why, rows, expected):
    whole = added(*rows).activity
    parts = [added(*rows, first=jan(n), last=jan(n)).activity for n in range(1, 32)]
    assert pl.concat(parts).equals(whole)
    earlier = [added(*rows, last=jan(n)).activity for n in range(1, 32)]
    assert all(
        part.equals(whole.filter(pl.col("known_on") <= jan(n))) for n, part in enumerate(earlier, 1)
    )
    counts = whole.select("known_on", "events", "core_events").rows()
    assert counts == [(jan(day), *figures) for day, *figures in expected], why


@pytest.mark.parametrize(("days_later", "taken_back"), [(90, [-3]), (91, [])])
def test_what_may_have_been_taken_back_before_is_not_taken_back_again(days_later, taken_back):
    """A run sees no events that were known more than 90 days before it."""
    on = jan(5) + timedelta(days=days_later)
    late = activity(("u", 5, 1)).with_columns(pl.lit(on).alias("known_on"))
    found = added(usage("event:login", 3.0), events=late, first=on, last=on)
    assert found.activity["events"].to_list() == taken_back


def test_a_stated_zero_shows_that_the_source_delivered():
    found = added(usage("event:login", 0.0), usage("active_users", 0.0, day=6))
    assert dict(found.source_days.schema) == SOURCE_DAYS
    assert found.source_days.select("day", "events").rows() == [(jan(5), 0), (jan(6), 0)]


def test_differences_from_events_are_told():
    found = added(
        usage("event:login", 3.0),
        usage("active_users", 2.0),
        usage("active_users_7d", 2.0),
        usage("active_users_30d", 9.0, day=7),
        usage("event:login", 8.0, day=9),
        events=activity(("u", 5, 2), ("v", 5, 2), ("w", 4, 1), ("w", 7, 1)),
    )
    assert found.differences.select("day", "metric", "from_events", "from_usage_daily").rows() == [
        (jan(5), "active_users_7d", 3, 2),
        (jan(5), "events", 4, 3),
        (jan(7), "active_users_30d", 3, 9),
    ]


def asked(*pairs):
    """(D, observed_on) of the account, days of January."""
    schema = {"account_id": pl.String, "date": pl.Date, "observed_on": pl.Date}
    rows = [("acc", jan(day), jan(on)) for day, on in pairs]
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_given_counts_stand_in_for_users_that_were_never_shown():
    rows = [
        usage("active_users_7d", 4.0),
        usage("active_users_30d", 9.0),
        usage("active_users_7d", 6.0, day=6, known=8),
    ]
    given = added(*rows).given
    quiet = activity((None, 5, 3))
    told = observe(quiet, asked((5, 5), (6, 6)), given=given)
    assert told.select("date", "active_users_7d", "active_users_30d").rows() == [
        (jan(5), 4, 9),
        (jan(6), None, None),
    ]
    later = observe(quiet, asked((7, 5), (8, 6)), given=given)
    assert later["active_users_7d"].to_list() == [4, 6]
    shown = observe(activity(("u", 5, 3)), asked((5, 5), (6, 6)), given=given)
    assert shown["active_users_7d"].to_list() == [1, 1]


def test_given_weeks_stand_beside_shown_ones():
    given = added(usage("active_users_7d", 4.0), usage("active_users_7d", 7.0, day=12)).given
    told = observe(activity((None, 5, 3)), asked((12, 12)), given=given)
    assert weeks_of(told) == [[(0, 7), (1, 4)]]


def test_given_weeks_that_came_late_count_as_known_now():
    def seven(value, day, known):
        return usage("active_users_7d", value, day=day, known=known)

    given = added(seven(4.0, 5, 5), seven(8.0, 5, 21), seven(7.0, 12, 20), seven(6.0, 19, 20)).given
    told = observe(NO_EVENTS, asked((20, 12), (21, 19)), given=given)
    assert weeks_of(told) == [[(0, 7), (1, 4)], [(0, 6), (1, 7), (2, 4)]]


def test_given_counts_alone_make_a_row_with_unknown_volume():
    given = added(usage("active_users_7d", 4.0)).given
    told = observe(NO_EVENTS, asked((5, 5)), given=given)
    assert told.select("account_id", "active_users_7d", "events_7d").rows() == [("acc", 4, None)]


def test_nothing_handed_in_adds_nothing():
    found = added()
    assert [frame.height for frame in (found.activity, found.given, found.differences)] == [0, 0, 0]
