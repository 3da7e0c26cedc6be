"""Incidents from one day to the next: what opens one, what joins it, what ends it."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from health_pipeline.core.alerts.compose_many import _incident_title
from health_pipeline.core.alerts.gates import Trip
from health_pipeline.core.alerts.incidents import (
    DATA_INCIDENT,
    GROUP,
    Incident,
    believed_out,
    calm,
    groups,
    still_bad,
)
from health_pipeline.core.alerts.params import Gates
from health_pipeline_tests.core.schemas.worlds import DAY

RULES = Gates(join_days=30, echo_days=10)
TRIPS = [Trip("seats", "risk", 2, 1.0)]


def incident(age=1, *, over=None, kind=GROUP, feed="usage", fault=False):
    """One of accounts a and b that began `age` days ago, and was over `over` days ago."""
    return Incident(
        incident_id="old",
        kind=kind,
        source=feed,
        feed=feed,
        opened_on=DAY - timedelta(days=age),
        last_on=DAY - timedelta(days=age),
        resolved_on=None if over is None else DAY - timedelta(days=over),
        accounts={"seats": ("a", "b")},
        possible_data_fault=fault,
    )


def held(*accounts, to_state="risk"):
    rows = [("usage", one, "seats", to_state, "breaker:seats") for one in accounts]
    names = ["feed", "account_id", "signal", "to_state", "gate"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def step(rows, known=(), fresh=()):
    return groups(list(known), rows, TRIPS, {"usage": frozenset(fresh)}, DAY, RULES)


JOINS = [
    # why, what is known, whether account c joins it
    ("it lasts", incident(), True),
    ("for so long", incident(30), True),
    ("and no longer", incident(31), False),
    ("it ends today", incident(5, over=0), True),
    ("it ended yesterday", incident(5, over=1), False),
    ("a fault of the data has an echo", incident(10, over=9, fault=True), True),
    ("which ends", incident(11, over=9, fault=True), False),
    ("of another feed", incident(feed="tickets"), False),
    ("an outage is no group", incident(kind=DATA_INCIDENT), False),
]


@pytest.mark.parametrize(("why", "known", "joins"), JOINS, ids=[case[0] for case in JOINS])
def test_what_a_change_joins(why, known, joins):
    found = step(held("c"), [known])
    assert [one.accounts for one in found.grown] == [{"seats": ("a", "b", "c")}] * joins
    assert [one.accounts for one in found.opened] == [{"seats": ("c",)}] * (not joins)


def test_nothing_new_does_not_grow_it():
    found = step(held("a"), [incident()])
    assert (found.grown, found.opened) == ((), ())


FAULTS = [
    # why, changes, accounts with fresh data, whether the data may be at fault
    ("the source tells of all", held(*"abcd"), "abcd", False),
    ("of half of them", held(*"abcd"), "ab", False),
    ("of fewer", held(*"abcd"), "a", True),
    ("most can no longer be measured", held(*"abcd", to_state="unknown"), "abcd", True),
]


@pytest.mark.parametrize(("why", "rows", "fresh", "fault"), FAULTS, ids=[c[0] for c in FAULTS])
def test_whether_data_may_be_at_fault(why, rows, fresh, fault):
    (opened,) = step(rows, fresh=fresh).opened
    assert opened.possible_data_fault == fault
    assert (opened.incident_id, opened.tripped) == (f"group:usage:{DAY}", ("seats",))
    assert opened.why == "seats: 2 into risk, usual is up to 1"


CALM = [
    # why, what is known, states, whether it is over
    ("both are at risk", incident(), {"a": "risk", "b": "risk"}, False),
    ("the one not measured is not well", incident(), {"a": "unknown", "b": "risk"}, False),
    ("half of them is calm", incident(), {"a": "risk", "b": "watch"}, True),
    ("it is over already", incident(over=0), {}, False),
    ("an outage ends by itself", incident(kind=DATA_INCIDENT), {}, False),
]


@pytest.mark.parametrize(("why", "known", "states", "over"), CALM, ids=[case[0] for case in CALM])
def test_when_a_group_is_over(why, known, states, over):
    rows = [("seats", *one) for one in states.items()] + [("tickets", "a", "risk")]
    schema = dict.fromkeys(("signal", "account_id", "state"), pl.String)
    still = still_bad([known], pl.DataFrame(rows, schema=schema, orient="row"))
    assert calm([known], still, RULES.calm_share) == ["old"] * over


ECHOES = [
    # why, what is known, whether its accounts are not believed
    ("of yesterday", incident(1, kind=DATA_INCIDENT), True),
    ("of so long ago", incident(10, kind=DATA_INCIDENT), True),
    ("of longer ago", incident(11, kind=DATA_INCIDENT), False),
    ("of today, which the outages of today tell", incident(0, kind=DATA_INCIDENT), False),
    ("a group is no outage", incident(1), False),
]


@pytest.mark.parametrize(("why", "known", "out"), ECHOES, ids=[case[0] for case in ECHOES])
def test_how_long_an_outage_is_believed(why, known, out):
    found = believed_out([known], [], DAY, RULES)
    assert [(one.source, one.accounts) for one in found] == [("usage", {"a", "b"})] * out


OUTAGE = incident(kind=DATA_INCIDENT)
TITLES = [
    # incident, action, title
    (OUTAGE, "trigger", "No data of usage for 2 accounts; their alerts are held back"),
    (OUTAGE, "resolve", "Data of usage are back"),
    (incident(), "trigger", "2 accounts changed at once (seats)"),
    (incident(fault=True), "trigger", "Possible data fault: 2 accounts changed at once (seats)"),
    (incident(), "resolve", "Most of 2 accounts are back: seats"),
]


@pytest.mark.parametrize(("one", "action", "title"), TITLES, ids=[case[2] for case in TITLES])
def test_what_an_incident_is_called(one, action, title):
    assert _incident_title(one, action) == title
