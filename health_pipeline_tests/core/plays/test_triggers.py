"""Triggers: what matches, which one decides, and that the order between two is never left open."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_pipeline.core.plays.params import Play, PlayBook, Step, Trigger
from health_pipeline.core.plays.triggers import called_for, matches, takes_all_of

PLAYS = {
    name: Play(name=name, title=name, goal="", steps=(Step(text="Call"),))
    for name in ("first", "second", "reasons", "gates", "otherwise")
}


def book(*triggers: Trigger) -> PlayBook:
    return PlayBook(plays=PLAYS, otherwise="otherwise", triggers=triggers)


def account(**changes: Any) -> dict[str, Any]:
    row = {
        "tier": "red",
        "tier_before": "green",
        "codes": ["usage_down", "tickets_up"],
        "reason_code": "usage_down",
        "play": "reasons",
        "gate": "late, silent",
        "arr": 50_000.0,
        "segment": "growth",
    }
    return row | changes


HOLDS = [
    # why, trigger, account, whether it matches
    ("entered from Green", {"from_tiers": ("green",)}, {}, True),
    ("came from Yellow", {"from_tiers": ("green",)}, {"tier_before": "yellow"}, False),
    ("was not there before", {"from_tiers": ("new",)}, {"tier_before": None}, True),
    ("stands in Red", {"to_tiers": ("red",)}, {}, True),
    ("stands in Yellow", {"to_tiers": ("red",)}, {"tier": "yellow"}, False),
    ("one of the codes", {"reasons": ("tickets_up", "x")}, {}, True),
    ("none of the codes", {"reasons": ("x",)}, {}, False),
    ("no reason at all", {"reasons": ("usage_down",)}, {"codes": None}, False),
    ("every code", {"all_reasons": ("tickets_up", "usage_down")}, {}, True),
    ("one of two is not every", {"all_reasons": ("tickets_up", "x")}, {}, False),
    ("a gate that caps", {"gates": ("silent",)}, {}, True),
    ("a gate that does not", {"gates": ("open",)}, {}, False),
    ("no gate caps", {"gates": ("silent",)}, {"gate": None}, False),
    ("ARR from", {"arr_from": 50_000.0}, {}, True),
    ("ARR just short", {"arr_from": 50_000.01}, {}, False),
    ("ARR below is not at", {"arr_below": 50_000.0}, {}, False),
    ("an unknown ARR is not a small one", {"arr_from": 1e9}, {"arr": None}, True),
    ("nor below anything", {"arr_below": 1e9}, {"arr": None}, False),
    ("its segment", {"segments": ("growth",)}, {}, True),
    ("another segment", {"segments": ("starter",)}, {}, False),
    ("all conditions hold", {"segments": ("growth",), "reasons": ("usage_down",)}, {}, True),
    ("one of them does not", {"segments": ("growth",), "reasons": ("x",)}, {}, False),
]


@pytest.mark.parametrize(("why", "trigger", "row", "expected"), HOLDS, ids=[c[0] for c in HOLDS])
def test_a_trigger_matches(why, trigger, row, expected):
    one = account(**row)
    gates = (one["gate"] or "").split(", ")
    assert matches(Trigger(play="first", **trigger), one, one["codes"] or [], gates) is expected


CALLS = [
    # why, triggers, account, play and what it stands for
    (
        "the first that matches",
        [{"play": "first", "reasons": ("tickets_up",)}, {"play": "second", "arr_from": 1.0}],
        {},
        ("first", "tickets_up"),
    ),
    (
        "not the first that stands there",
        [{"play": "first", "reasons": ("x",)}, {"play": "second", "gates": ("silent",)}],
        {},
        ("second", "silent"),
    ),
    (
        "a trigger without a reason stands for the account's first",
        [{"play": "first", "arr_from": 1.0}],
        {},
        ("first", "usage_down"),
    ),
    ("none matches: the first reason's play", [], {}, ("reasons", "usage_down")),
    (
        "no reason: the gate's play",
        [],
        {"codes": None, "reason_code": None, "play": None},
        ("gates", "late"),
    ),
    (
        "neither",
        [],
        {"codes": None, "reason_code": None, "play": None, "gate": None},
        ("otherwise", None),
    ),
    (
        "a trigger without anything to stand for",
        [{"play": "first", "from_tiers": ("green",)}],
        {"codes": None, "reason_code": None, "play": None, "gate": None},
        ("first", None),
    ),
]


@pytest.mark.parametrize(("why", "triggers", "row", "expected"), CALLS, ids=[c[0] for c in CALLS])
def test_what_an_account_calls_for(why, triggers, row, expected):
    plays = book(*(Trigger(**one) for one in triggers))
    assert called_for(account(**row), plays, {"late": "gates", "silent": "second"}) == expected


def some(*names: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)


triggers = st.builds(
    Trigger,
    play=st.just("first"),
    to_tiers=some("red", "yellow"),
    from_tiers=some("green", "yellow", "new"),
    reasons=some("a", "b", "c"),
    all_reasons=some("a", "b"),
    gates=some("g", "h"),
    arr_from=st.sampled_from([None, 0.0, 10.0, 20.0]),
    arr_below=st.sampled_from([None, 10.0, 20.0, 30.0]),
    segments=some("s", "t"),
)
accounts = st.fixed_dictionaries(
    {
        "tier": st.sampled_from(["red", "yellow"]),
        "tier_before": st.sampled_from([None, "green", "yellow"]),
        "codes": st.lists(st.sampled_from("abc"), unique=True),
        "gates": st.lists(st.sampled_from("gh"), unique=True),
        "arr": st.sampled_from([None, 0.0, 9.0, 10.0, 15.0, 25.0, 99.0]),
        "segment": st.sampled_from("st"),
    }
)


@given(triggers, triggers, st.lists(accounts, min_size=20, max_size=20))
def test_what_takes_all_of_another_matches_wherever_it_does(first, later, rows):
    if takes_all_of(first, later):
        for row in rows:
            if matches(later, row, row["codes"], row["gates"]):
                assert matches(first, row, row["codes"], row["gates"])


@given(triggers)
def test_a_trigger_takes_all_of_itself(trigger):
    assert takes_all_of(trigger, trigger)
