from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    case_test,
    on,
    plan,
    world,
)

LAUNCH, TRAINING = ("Launch", 12, 12, None), ("Training", 30, 30, 28)
CASES = [
    (
        "one of two",
        plan(LAUNCH, TRAINING),
        {},
        (50.0, "measured", "1 of 2 done, next is Launch"),
    ),
    (
        "done late is done",
        plan(("Launch", 60, 60, 1)),
        {},
        (100.0, "measured", "1 of 1 done, none open"),
    ),
    (
        "a rescheduled date does not hide it",
        plan(("Launch", 12, -30, None), TRAINING),
        {},
        (50.0, "measured", "1 of 2 done, next is Launch"),
    ),
    (
        "due today has until the end of the day",
        plan(("Launch", 0, 0, None), TRAINING),
        {},
        (100.0, "measured", "1 of 1 done, next is Launch"),
    ),
    (
        "due in future, and the stage is the earliest open one",
        plan(("Go-live", -40, -40, None), ("Pilot", -9, -9, None), TRAINING),
        {},
        (100.0, "measured", "1 of 1 done, next is Pilot"),
    ),
    (
        "done before it was due does not count beforehand",
        plan(("Pilot", -9, -9, 3), LAUNCH),
        {},
        (0.0, "measured", "0 of 1 done, next is Launch"),
    ),
    (
        "old merits do not count, old debts do",
        plan(("Kickoff", 181, 181, 181), ("Import", 200, 200, None), ("Review", 180, 180, 170)),
        {},
        (50.0, "measured", "1 of 2 done, next is Import"),
    ),
    (
        "another window",
        plan(LAUNCH, TRAINING),
        {"window_days": 20},
        (0.0, "measured", "0 of 1 done, next is Launch"),
    ),
    (
        "a plan that has only just begun has nothing due",
        plan(("Launch", -20, -20, None)),
        {},
        NOT_APPLICABLE,
    ),
    (
        "other projects count",
        plan(LAUNCH, is_onboarding=False),
        {},
        (0.0, "measured", "0 of 1 done, next is Launch"),
    ),
    (
        "unless told otherwise",
        plan(LAUNCH, is_onboarding=False),
        {"onboarding_only": True},
        MISSING,
    ),
    ("no due date at all", plan(("Launch", None, None, None)), {}, MISSING),
    (
        "one without a due date is neither due nor next",
        plan(("Launch", None, None, None), TRAINING),
        {},
        (100.0, "measured", "1 of 1 done, none open"),
    ),
    ("milestones of others only", plan(LAUNCH, account_id="b"), {}, MISSING),
    ("connected and empty", plan(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    (
        "completion never told",
        plan(LAUNCH, without=frozenset({"completed_on"})),
        {},
        NOT_APPLICABLE,
    ),
    (
        "no original dates: the dates as they stand",
        plan(LAUNCH, without=frozenset({"original_due_on"}), starts_on=on(40)),
        {},
        (0.0, "measured", "0 of 1 done, next is Launch"),
    ),
]

test_milestone_completion = case_test("milestone_completion", CASES)
