"""Whose an event is, and since when that is known."""

from __future__ import annotations

import pytest

from health_pipeline.core.identity.ids import user_id_of
from health_pipeline_tests.adapters.engines.landed import at, event, jan


@pytest.mark.parametrize(
    ("why", "more", "expected"),
    [
        ("the source's account", {}, ("acc_1", None, jan(5), jan(5))),
        ("the user decides", {"source_user_id": "u"}, ("acc_3", "usr_u", jan(5), jan(5))),
        (
            "a user without a row is still one user",
            {"source_user_id": "new"},
            ("acc_1", user_id_of("app", "new"), jan(5), jan(5)),
        ),
        ("an empty user is none", {"source_user_id": ""}, ("acc_1", None, jan(5), jan(5))),
        (
            "an account known later makes the event known later",
            {"source_account_id": "late"},
            ("acc_2", None, jan(5), jan(9)),
        ),
        (
            "a user counts where the user was",
            {"source_user_id": "mover"},
            ("acc_1", "usr_m", jan(5), jan(5)),
        ),
        (
            "… and where the user is now",
            {"source_user_id": "mover", "known": at(8)},
            ("acc_2", "usr_m", jan(5), jan(8)),
        ),
        (
            "the source's account, where the user is linked only later",
            {"source_user_id": "twice"},
            ("acc_1", "usr_t", jan(5), jan(5)),
        ),
        (
            "of two links of one day the last",
            {"source_user_id": "twice", "source_account_id": None},
            ("acc_2", "usr_t", jan(5), jan(8)),
        ),
        ("late arrival", {"known": at(7, 0)}, ("acc_1", None, jan(5), jan(7))),
        (
            "a clock that runs ahead: known when it happens",
            {"known": at(4)},
            ("acc_1", None, jan(5), jan(5)),
        ),
        (
            "days are UTC days",
            {"day": at(5, 23, 59), "known": at(6, 0, 0)},
            ("acc_1", None, jan(5), jan(6)),
        ),
    ],
)
def test_whose_event_and_since_when(run, why, more, expected):
    found = run(event(**more))
    assert found.activity.select("account_id", "user_id", "day", "known_on").rows() == [expected]
    assert found.source_days.rows() == [("app", expected[0], expected[2], expected[3], 1)], why
    assert found.unresolved.is_empty(), why


@pytest.mark.parametrize("last", [5, 7, 8, 20])
def test_a_user_has_one_id_whether_or_not_the_range_knows_the_link(run, last):
    found = run(event(source_user_id="twice"), last=jan(last))
    assert found.activity.select("account_id", "user_id").rows() == [("acc_1", "usr_t")]


def test_an_account_that_becomes_known_brings_its_events_once(run):
    events = [event(source_account_id="late")]
    runs = [run(*events, first=jan(day), last=jan(day)) for day in range(4, 12)]
    assert [found.activity.height for found in runs] == [0, 0, 0, 0, 0, 1, 0, 0]
    assert [found.unresolved.height for found in runs] == [0, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("why", "more", "key", "words"),
    [
        ("unknown account", {"source_account_id": "zz"}, "zz", "this source_account_id"),
        (
            "unknown user",
            {"source_account_id": None, "source_user_id": "x"},
            "x",
            "this source_user_id",
        ),
        ("nobody", {"source_account_id": None}, None, "neither a user nor an account"),
    ],
)
def test_unclaimed_events_are_counted_with_their_reason(run, why, more, key, words):
    found = run(event("e", **more), event("f", day=6, **more))
    assert found.activity.is_empty()
    assert found.unresolved.select("table", "source", "key", "rows").rows() == [
        ("events", "app", key, 1),
        ("events", "app", key, 1),
    ], why
    assert found.unresolved["known_on"].n_unique() == 2, "each on the day it became known"
    assert words in found.unresolved["why"][0]
