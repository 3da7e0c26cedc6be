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
        "mean of 24 and 72 hours; open ones do not count",
        desk(
            {"opened_at": 5, "resolved_at": 4},
            {"opened_at": 9, "resolved_at": 6},
            {"opened_at": 80},
        ),
        {},
        (48.0, "measured", "2 resolved in 90 days"),
    ),
    (
        "the 90th day is in, the 91st is out",
        desk({"opened_at": 90, "resolved_at": 89}, {"opened_at": 99, "resolved_at": 90}),
        {},
        (24.0, "measured", "1 resolved in 90 days"),
    ),
    (
        "another window",
        desk({"opened_at": 5, "resolved_at": 4}, {"opened_at": 40, "resolved_at": 30}),
        {"window_days": 7},
        (24.0, "measured", "1 resolved in 7 days"),
    ),
    (
        "resolved before it was opened is no measurement",
        desk({"opened_at": 4, "resolved_at": 6}, {"opened_at": 5, "resolved_at": 4}),
        {},
        (24.0, "measured", "1 resolved in 90 days"),
    ),
    (
        "resolved at once",
        desk({"opened_at": 4, "resolved_at": 4}),
        {},
        (0.0, "measured", "1 resolved in 90 days"),
    ),
    (
        "reopened and not resolved again",
        desk({"opened_at": 9, "resolved_at": 6, "reopened_at": 2}),
        {},
        MISSING,
    ),
    ("none resolved", desk({"opened_at": 9}), {}, MISSING),
    (
        "never seen by support",
        desk({"opened_at": 9, "resolved_at": 6}, account_id="b"),
        {},
        MISSING,
    ),
    ("not connected", world(), {}, NOT_APPLICABLE),
    ("resolution never told", desk({"opened_at": 9}, columns=()), {}, NOT_APPLICABLE),
]


test_resolution_time = case_test("resolution_time", CASES)
