"""Since when an event is known, and which cannot have happened (contracts.md, "Hand in")."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.schemas.event_landing import (
    EVENT_ROWS,
    compared,
    fingerprints,
    land_events,
    unseen,
)
from health_pipeline.core.schemas.time import end_of
from health_pipeline_tests.core.schemas.landings import FIRST, LATER, rows, utc

NOW = utc("2024-08-01T12:00")
CELLS = compared(EVENT_ROWS, EVENT_ROWS)


def event(key: str, occurred: str, received: str | None = None, **said) -> dict:
    received_at = utc(received) if received else None
    return {
        "event_id": key,
        "event_name": "open",
        "occurred_at": utc(occurred),
        "received_at": received_at,
        **said,
    }


def landed(day, *found, first):
    new = rows("events", *found)
    return land_events(new, day, first=first, now=NOW, first_valid_year=2000)


LATER_END = "2024-06-10T23:59:59.999999"
AHEAD = event("e", "2024-01-07", "2024-01-05")
EVENTS = [
    # why, first landing?, event, known_at, assumed
    ("received later", True, event("e", "2024-01-02", "2024-01-05"), "2024-01-05", False),
    ("a client clock two days ahead", True, AHEAD, "2024-01-07", False),
    ("first landing, no time of arrival", True, event("e", "2024-01-02"), "2024-01-02", True),
    ("later landing, received", False, event("e", "2024-01-02", "2024-01-05"), "2024-01-05", False),
    ("later landing, no time of arrival", False, event("e", "2024-01-02"), LATER_END, False),
    ("after the run's last day: it waits", False, event("e", "2024-07-02"), "2024-07-02", True),
]  # fmt: skip


@pytest.mark.parametrize(("why", "first", "row", "known", "assumed"), EVENTS)
def test_events_are_known_when_received(why, first, row, known, assumed):
    found, quarantine = landed(LATER, row, first=first)
    assert found.select("known_at", "known_assumed").rows() == [(utc(known), assumed)], why
    assert quarantine.is_empty()


def test_events_keep_their_order_and_their_copies_and_have_one_shape():
    several = [event("b", "2024-01-02"), event("a", "2024-01-01"), event("b", "2024-01-02")]
    found, quarantine = landed(FIRST, *several, first=True)
    assert found["event_id"].to_list() == ["b", "a", "b"]
    assert quarantine.is_empty()
    assert dict(found.schema) == EVENT_ROWS


IMPOSSIBLE = [
    # why, event, rule, value
    ("a clock that was never set", event("x", "1970-01-01"), "before_2000", "1970-01-01"),
    ("a century ahead", event("x", "2100-01-01"), "in_the_future:occurred_at", "2100-01-01"),
    ("received after today", event("x", "2024-01-01", "2030-01-01"),
     "in_the_future:received_at", "2030-01-01"),
    ("more than a zone ahead", event("x", "2024-08-02T12:00:01"),
     "in_the_future:occurred_at", "2024-08-02 12:00:01"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "occurred", "known"),
    [
        ("of a day of the run: its end", "2024-06-04T10:00", "2024-06-04T23:59:59.999999"),
        ("of its last day", "2024-06-10T10:00", LATER_END),
        ("of a day before it: the run", "2024-05-31T10:00", LATER_END),
    ],
)
def test_a_run_over_many_days_dates_events_as_daily_runs_would(why, occurred, known):
    new = rows("events", event("e", occurred))
    found, _ = land_events(new, LATER, first=False, now=NOW, first_valid_year=2000, since=FIRST)
    assert found["known_at"].to_list() == [utc(known)], why


@pytest.mark.parametrize(("why", "row", "rule", "value"), IMPOSSIBLE)
def test_what_cannot_have_happened_is_quarantined(why, row, rule, value):
    ahead = event("ahead", "2024-08-02T11:59")
    sound = [event("first", "2000-01-01"), row, ahead]
    found, quarantine = landed(FIRST, *sound, first=True)
    assert found["event_id"].to_list() == ["first", "ahead"], why
    (bad,) = quarantine.iter_rows(named=True)
    assert (bad["rule"], bad["origin"], bad["at"]) == (rule, "events.csv:3", end_of(FIRST))
    assert json.loads(bad["key"]) == {"source": "s", "event_id": "x"}
    assert bad["value"].startswith(value)


SAME = event("e", "2024-01-01", feature="api", quantity=1.0)
COPIES = [
    # why, row, is it new?
    ("the same again", SAME, False),
    ("known later, from another file", {**SAME, "origin": "other.csv"}, False),
    ("another quantity", {**SAME, "quantity": 2.0}, True),
    ("no feature any more", {**SAME, "feature": None}, True),
    ("empty is not nothing", {**SAME, "feature": ""}, True),
    ("another source", {**SAME, "source": "other"}, True),
    ("a value in the next column", {**SAME, "feature": None, "source_user_id": "api"}, True),
]


@pytest.mark.parametrize(("why", "row", "new"), COPIES)
def test_a_row_is_new_unless_it_says_the_same(why, row, new):
    before, _ = landed(FIRST, SAME, first=True)
    after, _ = landed(LATER, row, first=False)
    assert unseen(after, fingerprints(before, CELLS), CELLS).height == new, why


def test_a_column_that_was_not_provided_before_makes_no_row_new():
    before, _ = landed(FIRST, event("e", "2024-01-01"), first=True)
    after, _ = landed(LATER, {**SAME, "quantity": None}, first=False)
    cells = compared({*EVENT_ROWS}, {*EVENT_ROWS} - {"feature"})
    assert "feature" not in cells
    assert "known_at" not in cells
    assert unseen(after, fingerprints(before, cells), cells).is_empty()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, "", "a", "b"]))),
    st.integers(0, 20),
)
def test_unseen_is_an_anti_join_in_file_order(found, cut):
    events = [
        event(str(key), "2024-01-01", feature=feature, quantity=float(key))
        for key, feature in found
    ]
    if not events:
        return
    rows_, _ = landed(FIRST, *events, first=True)
    old, new = rows_[:cut], rows_[cut:]
    cells = ["source", "event_id", "feature", "quantity"]
    expected = new.join(old, on=cells, how="anti", nulls_equal=True, maintain_order="left")
    assert unseen(new, fingerprints(old, CELLS), CELLS).equals(expected)
