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
        "mean of 24 and 72 hours",
        desk(
            {"opened_at": 5, "first_responded_at": 4},
            {"opened_at": 9, "first_responded_at": 6},
        ),
        {},
        (48.0, "measured", "2 opened in 30 days, 0 unanswered"),
    ),
    (
        "one that waits longer than answers took counts with its wait so far",
        desk({"opened_at": 5, "first_responded_at": 4}, {"opened_at": 3}),
        {},
        (54.0, "measured", "2 opened in 30 days, 1 unanswered"),
    ),
    (
        "a fresh one makes nothing look faster",
        desk({"opened_at": 5, "first_responded_at": 4}, {"opened_at": 0}),
        {},
        (24.0, "measured", "1 opened in 30 days, 0 unanswered"),
    ),
    (
        "nothing answered yet",
        desk({"opened_at": 1}, {"opened_at": 0}),
        {},
        (24.0, "measured", "2 opened in 30 days, 2 unanswered"),
    ),
    (
        "resolved without an answer is left out",
        desk(
            {"opened_at": 9, "resolved_at": 1},
            {"opened_at": 5, "first_responded_at": 4},
        ),
        {},
        (24.0, "measured", "1 opened in 30 days, 0 unanswered"),
    ),
    (
        "answered before it was opened is no measurement",
        desk(
            {"opened_at": 4, "first_responded_at": 6},
            {"opened_at": 5, "first_responded_at": 4},
        ),
        {},
        (24.0, "measured", "1 opened in 30 days, 0 unanswered"),
    ),
    (
        "opened in future is no wait",
        desk({"opened_at": -2}, {"opened_at": 5, "first_responded_at": 4}),
        {},
        (24.0, "measured", "1 opened in 30 days, 0 unanswered"),
    ),
    (
        "the 30th day is in, the 31st is out",
        desk(
            {"opened_at": 29, "first_responded_at": 28},
            {"opened_at": 30, "first_responded_at": 3},
        ),
        {},
        (24.0, "measured", "1 opened in 30 days, 0 unanswered"),
    ),
    (
        "another window",
        desk({"opened_at": 30, "first_responded_at": 29}),
        {"window_days": 60},
        (24.0, "measured", "1 opened in 60 days, 0 unanswered"),
    ),
    ("no ticket in the window", desk({"opened_at": 40, "first_responded_at": 39}), {}, MISSING),
    ("only resolved without an answer", desk({"opened_at": 9, "resolved_at": 1}), {}, MISSING),
    ("never seen by support", desk({"opened_at": 9}, account_id="b"), {}, MISSING),
    ("connected and empty", desk(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    (
        "answers never told: everything would look neglected",
        desk({"opened_at": 9}, columns=("resolved_at",)),
        {},
        NOT_APPLICABLE,
    ),
]

test_first_response_time = case_test("first_response_time", CASES)
