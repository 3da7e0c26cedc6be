from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.scoring.outages import (
    ARRIVALS,
    FROZEN,
    HOLDERS,
    frozen,
    outages,
    silent_since,
)
from health_pipeline_tests.core.scoring.world import DAY, RULES

MONDAY = date(2026, 3, 30)
EVERY_DAY = [MONDAY - timedelta(days=n) for n in range(100)]
WORKDAYS = [day for day in EVERY_DAY if day.weekday() < 5]
MONDAYS = [day for day in EVERY_DAY if day.weekday() == 0]


def after(days):
    return MONDAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("why", "arrived", "days", "silent"),
    [
        ("nothing ever arrived", [], 50, False),
        ("it spoke today", EVERY_DAY, 0, False),
        ("three quiet days of a daily source happen", EVERY_DAY, 3, False),
        ("four do not", EVERY_DAY, 4, True),
        ("and it lasts", EVERY_DAY, 60, True),
        ("a quiet weekend is none", [d for d in WORKDAYS if d <= MONDAY - timedelta(3)], -1, False),
        ("but four workdays are", WORKDAYS, 4, True),
        ("Mondays: three missing ones happen", MONDAYS, 27, False),
        ("Mondays: four do not", MONDAYS, 28, True),
        ("five weeks are no rhythm yet", EVERY_DAY[:35], 90, False),
        ("six are", EVERY_DAY[:42], 90, True),
        ("users of a roll-out of two weeks", EVERY_DAY[:14], 400, False),
        ("a wave a quarter", [d for d in WORKDAYS if d.month % 3 == 1 and d.day < 15], 60, False),
        ("one that spoke twice has no rhythm", [EVERY_DAY[0], EVERY_DAY[40]], 90, False),
    ],
)
def test_silent_since(why, arrived, days, silent):
    found = silent_since(arrived, after(days))
    assert found == (after(1) if silent else None), why


def test_what_arrives_later_changes_no_earlier_verdict():
    back = [*EVERY_DAY, after(9)]
    assert silent_since(back, after(8)) == after(1)
    assert silent_since(back, after(9)) is None


PEOPLE = pl.DataFrame({"account_id": list("abcde"), "date": [DAY] * 5})


def observed(**behind):
    rows = [(account, DAY, DAY - timedelta(days=days)) for account, days in behind.items()]
    schema = {"account_id": pl.String, "date": pl.Date, "observed_on": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def tickets(of, quiet=10, known=90):
    """A ticket system that spoke every day until `quiet` days ago, of these accounts."""
    days = [DAY - timedelta(days=n) for n in range(quiet, quiet + 80)]
    arrivals = pl.DataFrame([("desk", "tickets", day) for day in days], ARRIVALS, orient="row")
    told = DAY - timedelta(days=known)
    holders = pl.DataFrame([("desk", "tickets", told, a) for a in of], HOLDERS, orient="row")
    return arrivals, holders


NOTHING = (pl.DataFrame(schema=ARRIVALS), pl.DataFrame(schema=HOLDERS))
CASES = [
    ("nobody is silent", observed(a=0, b=3), NOTHING, [], {}),
    ("one of five is a fifth", observed(a=4, b=0), NOTHING, [("usage", 1, True)], {"a": "usage"}),
    ("of strangers nobody asks", observed(z=9), NOTHING, [], {}),
    (
        "tickets of two customers and of a stranger",
        observed(),
        tickets("abz"),
        [("tickets", 2, True)],
        {"a": "desk tickets", "b": "desk tickets"},
    ),
    (
        "both at once",
        observed(a=9, c=9),
        tickets("a"),
        [("tickets", 1, True), ("usage", 2, True)],
        {"a": "desk tickets, usage", "c": "usage"},
    ),
    ("it speaks again", observed(), tickets("abc", quiet=0), [], {}),
    ("told of nobody by then", observed(), tickets("abc", known=-1), [], {}),
]


@pytest.mark.parametrize(("why", "usage", "told", "silent", "resting"), CASES)
def test_outages_and_whose_tier_rests(why, usage, told, silent, resting):
    found = outages(PEOPLE, usage, *told, RULES)
    assert dict(found.schema) == RESULT_TABLES["outages"].columns
    assert found.select("table", "accounts", "freezes").rows() == silent, why
    rest = frozen(found, PEOPLE, usage, told[1], RULES)
    assert dict(rest.schema) == FROZEN
    assert dict(rest.select("account_id", "frozen_by").iter_rows()) == resting, why


@pytest.mark.parametrize(("silent", "rests"), [(56, True), (57, False)])
def test_after_eight_weeks_of_silence_tiers_move_again(silent, rests):
    told = tickets("abcde", quiet=silent, known=150)
    found = outages(PEOPLE, observed(), *told, RULES)
    assert found.select("accounts", "freezes").rows() == [(5, rests)]
    assert frozen(found, PEOPLE, observed(), told[1], RULES).height == (5 if rests else 0)


def test_below_the_share_nothing_rests():
    many = RULES.model_copy(update={"outage_share": 0.5})
    found = outages(PEOPLE, observed(a=9), *NOTHING, many)
    assert found["freezes"].to_list() == [False]
    assert frozen(found, PEOPLE, observed(a=9), NOTHING[1], many).is_empty()
