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
    """Account a; b has had core use for long. Milestones: see `step`."""
    tables = {"milestones": list(milestones)} if milestones else {}
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


def step(name, starts=None, done=None, *, onboarding=True, first_value=False):
    """A milestone of account a, in days ago."""
    return {
        "account_id": "a",
        "milestone_id": name,
        "name": name,
        "is_onboarding": onboarding,
        "is_first_value": first_value,
        "starts_on": None if starts is None else on(starts),
        "completed_on": None if done is None else on(done),
    }


def live(done=None, starts=50):
    """The milestone with which the customer first has value."""
    return step("First workflow live", starts, done, first_value=True)


def without_core():
    view = start(10)
    view.windows.drop_in_place("first_core_on")
    return view


def reached(kickoff, first, days, what="first core use"):
    return f"kickoff {on(kickoff)}, {what} {on(first)}, {days} days"


def waits(kickoff, days):
    return f"kickoff {on(kickoff)}, no first value for {days} days since"


def by_plan(kickoff, first, days):
    return reached(kickoff, first, days, "first value")


ONBOARDING = step("Set-up", 50)
CASES = [
    ("from the start of onboarding", start(20, ONBOARDING), {},
     (30.0, "measured", reached(50, 20, 30))),
    ("of several steps the first", start(20, step("Launch", 45), ONBOARDING), {},
     (30.0, "measured", reached(50, 20, 30))),
    ("a step of no named project is one", start(20, step("Set-up", 50, onboarding=None)), {},
     (30.0, "measured", reached(50, 20, 30))),
    ("a later project does not count", start(20, step("Rollout", 90, onboarding=False), ONBOARDING),
     {}, (30.0, "measured", reached(50, 20, 30))),
    ("a plan without dates: the first subscription, not the renewed one",
     start(20, step("Launch", done=30), subscribed=[90, 10]), {},
     (70.0, "measured", reached(90, 20, 70))),
    ("neither: the first day", start(20), {}, (40.0, "measured", reached(60, 20, 40))),
    ("core use before kickoff", start(55, ONBOARDING), {}, (0.0, "measured", reached(50, 55, 0))),
    ("none yet: the days waited", start(None, ONBOARDING), {}, (50.0, "measured", waits(50, 50))),
    ("known users and no activity at all", start(None, ONBOARDING, shown=False), {},
     (50.0, "measured", waits(50, 50))),
    ("its milestone came before core use", start(20, live(30)), {},
     (20.0, "measured", by_plan(50, 30, 20))),
    ("core use came before its milestone", start(40, live(30)), {},
     (10.0, "measured", reached(50, 40, 10))),
    ("core use, and the milestone is open", start(20, live()), {},
     (30.0, "measured", reached(50, 20, 30))),
    ("neither use nor milestone yet", start(None, live()), {}, (50.0, "measured", waits(50, 50))),
    ("a milestone tells of an account that no source shows",
     start(None, live(30), has_usage=False, shown=False), {},
     (20.0, "measured", by_plan(50, 30, 20))),
    ("an open one tells that it waits", start(None, live(), has_usage=False, shown=False), {},
     (50.0, "measured", waits(50, 50))),
    ("a milestone tells what was before anything was recorded",
     start(20, live(OLD - 10, OLD + 1)), {"window_days": 365 * 2},
     (11.0, "measured", by_plan(OLD + 1, OLD - 10, 11))),
    ("an open one does not, of an account in use since", start(20, live(None, OLD + 1)),
     {"window_days": 365 * 2}, MISSING),
    ("milestones alone tell it", world({"milestones": [live(30)]}, [account("a", has_usage=False)]),
     {}, (20.0, "measured", by_plan(50, 30, 20))),
    (
        "no source shows the account",
        start(None, ONBOARDING, has_usage=False, shown=False),
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
    ("kickoff lies ahead", start(None, step("Set-up", -5)), {}, MISSING),
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
]  # fmt: skip

test_time_to_first_value = case_test("time_to_first_value", CASES)


def test_windows_hold_nothing_of_this_but_their_own_column():
    assert "first_core_on" not in WINDOW_COLUMNS
    assert start(20).windows.schema["first_core_on"] == pl.Date()
