from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    case_test,
    on,
    plan,
    world,
)

MOVES = (0.0, "measured", "no open milestone is overdue")
KICKOFF, IMPORT, LAUNCH = ("Kickoff", 50, 50, 50), ("Import", 40, 40, 40), ("Launch", 30, 30, None)
BY_TEN = "planned is a step every 10 days"


def waits(name, due, days, rhythm=BY_TEN):
    return f"{name} due {on(due)}, nothing finished for {days} days, {rhythm}"


CASES = [
    (
        "still for three planned steps since the milestone fell due",
        plan(KICKOFF, IMPORT, LAUNCH),
        {},
        (300.0, "measured", waits("Launch", 30, 30)),
    ),
    (
        "the same days are less of a slow plan",
        plan(("Kickoff", 150, 150, 150), ("Import", 90, 90, 90), LAUNCH),
        {},
        (50.0, "measured", waits("Launch", 30, 30, "planned is a step every 60 days")),
    ),
    (
        "a long quiet stretch that was planned is no stall",
        plan(("Kickoff", 150, 150, 150), ("Launch", -1, -1, None)),
        {},
        MOVES,
    ),
    (
        "finishing something late is progress",
        plan(KICKOFF, ("Import", 40, 40, 4), LAUNCH),
        {},
        (40.0, "measured", waits("Launch", 30, 4)),
    ),
    (
        "a rescheduled date does not hide it",
        plan(KICKOFF, IMPORT, ("Launch", 30, -60, None)),
        {},
        (300.0, "measured", waits("Launch", 30, 30)),
    ),
    (
        "the overdue one that is due first is named",
        plan(KICKOFF, ("Import", 40, 40, None), LAUNCH),
        {},
        (400.0, "measured", waits("Import", 40, 40)),
    ),
    (
        "the start of the plan is a date of it",
        plan(LAUNCH, starts_on=on(50)),
        {},
        (150.0, "measured", waits("Launch", 30, 30, "planned is a step every 20 days")),
    ),
    (
        "a step is a day at least",
        plan(("Kickoff", 11, 11, 11), ("Import", 11, 11, None), ("Launch", 10, 10, None)),
        {},
        (1100.0, "measured", waits("Import", 11, 11, "planned is a step every 1 days")),
    ),
    ("one date has no rhythm", plan(LAUNCH), {}, MISSING),
    ("one date that is kept needs none", plan(("Launch", 30, 30, 2)), {}, MOVES),
    ("due today is not overdue", plan(KICKOFF, ("Launch", 0, 0, None)), {}, MOVES),
    ("all done", plan(KICKOFF, IMPORT), {}, MOVES),
    ("without a date nothing is late", plan(("Launch", None, None, None), KICKOFF), {}, MOVES),
    ("no dates at all", plan(("Launch", None, None, None)), {}, MISSING),
    ("other projects only", plan(KICKOFF, LAUNCH, is_onboarding=False), {}, MISSING),
    ("milestones of others only", plan(KICKOFF, LAUNCH, account_id="b"), {}, MISSING),
    ("connected and empty", plan(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    (
        "completion never told",
        plan(KICKOFF, LAUNCH, without=frozenset({"completed_on"})),
        {},
        NOT_APPLICABLE,
    ),
]

test_stalled_onboarding = case_test("stalled_onboarding", CASES)
