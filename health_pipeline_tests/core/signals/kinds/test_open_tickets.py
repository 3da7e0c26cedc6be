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
        "open ones count",
        desk({"opened_at": 3}, {"opened_at": 9}, {"opened_at": 20, "resolved_at": 1}),
        {},
        (2.0, "measured", "the oldest since 2026-03-22"),
    ),
    (
        "all resolved: a measured zero",
        desk({"opened_at": 20, "resolved_at": 1}),
        {},
        (0.0, "measured", "none open"),
    ),
    (
        "reopened after its resolution is open",
        desk({"opened_at": 20, "resolved_at": 9, "reopened_at": 2}),
        {},
        (1.0, "measured", "the oldest since 2026-03-11"),
    ),
    (
        "reopened and resolved again is not",
        desk({"opened_at": 20, "resolved_at": 1, "reopened_at": 9}),
        {},
        (0.0, "measured", "none open"),
    ),
    ("never seen by support", desk({"opened_at": 3}, account_id="b"), {}, MISSING),
    ("connected and empty", desk(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    (
        "resolution never told: everything would look open",
        desk({"opened_at": 3}, columns=()),
        {},
        NOT_APPLICABLE,
    ),
]


test_open_tickets = case_test("open_tickets", CASES)
