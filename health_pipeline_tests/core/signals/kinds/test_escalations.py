from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    case_test,
    desk,
    world,
)

CASES = [
    (
        "the 14th day is in, the 15th is out",
        desk(
            {"opened_at": 30, "escalated_at": 13},
            {"opened_at": 30, "escalated_at": 14},
            {"opened_at": 30, "escalated_at": 2},
        ),
        {},
        (2.0, "measured", "in 14 days, the last on 2026-03-29"),
    ),
    (
        "another window",
        desk({"opened_at": 30, "escalated_at": 14}),
        {"window_days": 30},
        (1.0, "measured", "in 30 days, the last on 2026-03-17"),
    ),
    (
        "resolved since, and still an escalation",
        desk({"opened_at": 9, "escalated_at": 0, "resolved_at": 0}),
        {},
        (1.0, "measured", "in 14 days, the last on 2026-03-31"),
    ),
    ("tickets without one", desk({"opened_at": 3}), {}, (0.0, "measured", "none in 14 days")),
    ("never seen by support", desk({"opened_at": 3}, account_id="b"), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    ("escalation never told", desk({"opened_at": 3}, columns=("resolved_at",)), {}, NOT_APPLICABLE),
]


test_escalations = case_test("escalations", CASES)
