from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    case_test,
    plan,
    world,
)

# name, due so many days ago at first, then by the present plan, done so many days ago
KICKOFF, IMPORT = ("Kickoff", 40, 40, 40), ("Import", 20, 20, None)
PILOT, LIVE = ("Pilot", 5, 5, None), ("Go-live", -20, -20, None)
CASES = [
    (
        "in the stage of the plan",
        plan(KICKOFF, ("Import", 20, 20, 18), ("Pilot", 5, 5, 5), LIVE),
        {},
        (0.0, "measured", "stage 4 of 4, Go-live; by plan stage 4"),
    ),
    (
        "two stages behind",
        plan(KICKOFF, IMPORT, PILOT, LIVE),
        {},
        (2.0, "measured", "stage 2 of 4, Import; by plan stage 4"),
    ),
    (
        "a rescheduled stage stays where the plan had it",
        plan(KICKOFF, ("Import", 20, -60, None), ("Pilot", 5, -70, None), LIVE),
        {},
        (2.0, "measured", "stage 2 of 4, Import; by plan stage 4"),
    ),
    (
        "what was done out of turn does not lift the stage",
        plan(KICKOFF, IMPORT, ("Pilot", 5, 5, 6), LIVE),
        {},
        (2.0, "measured", "stage 2 of 4, Import; by plan stage 4"),
    ),
    (
        "ahead of the plan is not behind it",
        plan(KICKOFF, ("Import", -5, -5, 2), LIVE),
        {},
        (0.0, "measured", "stage 3 of 3, Go-live; by plan stage 2"),
    ),
    (
        "due today has until the end of the day",
        plan(KICKOFF, ("Import", 0, 0, None), LIVE),
        {},
        (0.0, "measured", "stage 2 of 3, Import; by plan stage 2"),
    ),
    (
        "of one day and name the done ones come first",
        plan(("Go-live", -5, -5, None), ("Go-live", -5, -5, 3)),
        {},
        (0.0, "measured", "stage 2 of 2, Go-live; by plan stage 1"),
    ),
    (
        "the whole plan has passed",
        plan(KICKOFF, IMPORT, PILOT),
        {},
        (2.0, "measured", "stage 2 of 3, Import; by plan stage 3"),
    ),
    (
        "all done, late and lately",
        plan(KICKOFF, ("Import", 20, 20, 1)),
        {},
        (0.0, "measured", "all 2 stages done"),
    ),
    (
        "all done long ago",
        plan(("Kickoff", 200, 200, 200), ("Go-live", 160, 160, 150)),
        {},
        NOT_APPLICABLE,
    ),
    (
        "… and still told",
        plan(("Kickoff", 200, 200, 200), ("Go-live", 160, 160, 150)),
        {"remembered_days": 150},
        (0.0, "measured", "all 2 stages done"),
    ),
    ("other projects are no onboarding", plan(IMPORT, is_onboarding=False), {}, MISSING),
    ("no milestones connected", world(), {}, NOT_APPLICABLE),
]

test_onboarding_stage = case_test("onboarding_stage", CASES)
