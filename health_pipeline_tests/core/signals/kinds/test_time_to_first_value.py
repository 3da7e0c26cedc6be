from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.day import WINDOW_COLUMNS
from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    account,
    case_test,
    on,
    window,
    world,
)

OLD = 400
"""Days ago since when somebody's core use is recorded."""


def start(first_core, *milestones, first_seen=60, subscribed=None, has_usage=True, shown=True):
    """Account a; b has had core use for long. Milestones: name, due, completed, in days ago."""
    rows = [
        {
            "account_id": "a",
            "milestone_id": name,
            "name": name,
            "due_on": None if due is None else on(due),
            "completed_on": None if done is None else on(done),
        }
        for name, due, done in milestones
    ]
    tables = {"milestones": rows} if rows else {}
    if subscribed is not None:
        terms = [{"account_id": "a", "starts_on": on(days)} for days in subscribed]
        tables["subscriptions"] = terms
    core = None if first_core is None else on(first_core)
    windows = [window("b", first_core_on=on(OLD))]
    if shown:
        windows.append(window("a", first_core_on=core))
    seen = None if first_seen is None else on(first_seen)
    return world(
        tables, [account("a", first_seen_on=seen, has_usage=has_usage), account("b")], windows
    )


def without_core():
    view = start(10)
    view.windows.drop_in_place("first_core_on")
    return view


def reached(kickoff, first, days):
    return f"kickoff {on(kickoff)}, first core use {on(first)}, {days} days"


def waits(kickoff, days):
    return f"kickoff {on(kickoff)}, no core use for {days} days since"


KICKOFF = ("Kick-off held", 60, 50)
CASES = [
    (
        "from the day kickoff was held",
        start(20, KICKOFF),
        {},
        (30.0, "measured", reached(50, 20, 30)),
    ),
    (
        "planned and not yet reported: as planned",
        start(20, ("kickoff", 45, None)),
        {},
        (25.0, "measured", reached(45, 20, 25)),
    ),
    (
        "of several the first",
        start(20, ("Kickoff", 45, None), KICKOFF),
        {},
        (30.0, "measured", reached(50, 20, 30)),
    ),
    (
        "no kickoff in the plan: the first subscription, not the renewed one",
        start(20, ("Launch", 30, 30), subscribed=[90, 10]),
        {},
        (70.0, "measured", reached(90, 20, 70)),
    ),
    ("neither: the first day", start(20), {}, (40.0, "measured", reached(60, 20, 40))),
    ("core use before kickoff", start(55, KICKOFF), {}, (0.0, "measured", reached(50, 55, 0))),
    ("none yet: the days waited", start(None, KICKOFF), {}, (50.0, "measured", waits(50, 50))),
    (
        "known users and no activity at all",
        start(None, KICKOFF, shown=False),
        {},
        (50.0, "measured", waits(50, 50)),
    ),
    (
        "no source shows the account",
        start(None, KICKOFF, has_usage=False, shown=False),
        {},
        MISSING,
    ),
    ("day 180 counts", start(20, first_seen=180), {}, (160.0, "measured", reached(180, 20, 160))),
    ("later it is history", start(20, first_seen=181), {}, NOT_APPLICABLE),
    ("so it is for who still waits", start(None, first_seen=181), {}, NOT_APPLICABLE),
    (
        "unless the model looks longer",
        start(20, first_seen=181),
        {"window_days": 300},
        (161.0, "measured", reached(181, 20, 161)),
    ),
    ("kickoff lies ahead", start(None, ("Kickoff", -5, None)), {}, MISSING),
    ("nothing tells when it began", start(20, first_seen=None), {}, MISSING),
    (
        "kickoff before anything was recorded",
        start(20, first_seen=OLD + 1),
        {"window_days": 365 * 2},
        MISSING,
    ),
    ("no core use is ever told", world(windows=[window()]), {}, NOT_APPLICABLE),
    ("windows of an earlier shape", without_core(), {}, NOT_APPLICABLE),
    ("no product source", world(accounts=[account(has_usage=False)]), {}, NOT_APPLICABLE),
]

test_time_to_first_value = case_test("time_to_first_value", CASES)


def test_windows_hold_nothing_of_this_but_their_own_column():
    assert "first_core_on" not in WINDOW_COLUMNS
    assert start(20).windows.schema["first_core_on"] == pl.Date()
