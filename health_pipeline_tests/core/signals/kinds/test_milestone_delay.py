from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    case_test,
    on,
    plan,
    world,
)


def flagged(*flags):
    """One open milestone a flag, 10 days late for the first, 20 for the second…"""
    rows = [
        {"account_id": "a", "name": f"M{n}", "due_on": on(10 * n), "is_onboarding": flag}
        for n, flag in enumerate(flags, start=1)
    ]
    return world(
        {"milestones": rows}, provided={"milestones": {"due_on", "completed_on", "is_onboarding"}}
    )


NONE_LATE = (0.0, "measured", "no milestone late")
CASES = [
    (
        "open and past due",
        plan(("Go-live", 12, 12, None)),
        {},
        (12.0, "measured", "Go-live, due 2026-03-19, still open"),
    ),
    (
        "a rescheduled date does not hide it",
        plan(("Go-live", 12, -30, None)),
        {},
        (12.0, "measured", "Go-live, due 2026-03-19, still open"),
    ),
    (
        "without an original date the due date counts",
        plan(("Go-live", None, 5, None)),
        {},
        (5.0, "measured", "Go-live, due 2026-03-26, still open"),
    ),
    ("due today is not late", plan(("Go-live", 0, 0, None)), {}, NONE_LATE),
    ("due in future", plan(("Go-live", -9, -9, None)), {}, NONE_LATE),
    ("completed early is 0, not negative", plan(("Go-live", 5, 5, 20)), {}, NONE_LATE),
    (
        "completed late stands for 90 days",
        plan(("Go-live", 100, 100, 90)),
        {},
        (10.0, "measured", "Go-live, due 2025-12-21, completed 2025-12-31"),
    ),
    ("and is forgiven after", plan(("Go-live", 101, 101, 91)), {}, NONE_LATE),
    (
        "the largest delay speaks",
        plan(("Kickoff", 40, 40, 38), ("Go-live", 12, 12, None), ("Training", -5, -5, None)),
        {},
        (12.0, "measured", "Go-live, due 2026-03-19, still open"),
    ),
    ("no due date at all: nothing to measure", plan(("Go-live", None, None, None)), {}, MISSING),
    (
        "one without a due date does not hide another",
        plan(("Go-live", None, None, None), ("Training", 3, 3, None)),
        {},
        (3.0, "measured", "Training, due 2026-03-28, still open"),
    ),
    (
        "only onboarding counts",
        flagged(True, False),
        {},
        (10.0, "measured", "M1, due 2026-03-21, still open"),
    ),
    (
        "an unflagged row counts",
        flagged(True, None),
        {},
        (20.0, "measured", "M2, due 2026-03-11, still open"),
    ),
    ("nothing but other projects", flagged(False), {}, MISSING),
    ("milestones of others only", plan(("Go-live", 12, 12, None), account_id="b"), {}, MISSING),
    ("connected and empty", plan(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    (
        "completion never told: everything would look late",
        plan(("Go-live", 12, 12, None), without=frozenset({"completed_on"})),
        {},
        NOT_APPLICABLE,
    ),
    (
        "no dates told",
        plan(("Go-live", 12, 12, None), without=frozenset({"due_on", "original_due_on"})),
        {},
        NOT_APPLICABLE,
    ),
]


test_milestone_delay = case_test("milestone_delay", CASES)
