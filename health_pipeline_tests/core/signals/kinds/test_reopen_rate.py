from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    case_test,
    desk,
    world,
)

FINE = {"opened_at": 20, "resolved_at": 10}
AGAIN = {"opened_at": 20, "resolved_at": 10, "reopened_at": 5}
COUNTED = {"opened_at": 20, "resolved_at": 10, "reopened_count": 2}
CASES = [
    ("one of four", desk(FINE, FINE, FINE, AGAIN), {}, (25.0, "measured", "1 of 4 in 90 days")),
    ("none", desk(FINE, FINE, FINE), {}, (0.0, "measured", "0 of 3 in 90 days")),
    (
        "by count, or by date",
        desk(FINE, COUNTED, AGAIN, {**FINE, "reopened_count": 0}),
        {},
        (50.0, "measured", "2 of 4 in 90 days"),
    ),
    (
        "a desk that takes the resolution back",
        desk(FINE, FINE, {"opened_at": 20, "reopened_at": 5}),
        {},
        (33.3333, "measured", "1 of 3 in 90 days"),
    ),
    (
        "open ones are none",
        desk(FINE, FINE, AGAIN, {"opened_at": 3}),
        {},
        (33.3333, "measured", "1 of 3 in 90 days"),
    ),
    (
        "the 90th day is in, the 91st is out; the later of both dates counts",
        desk(
            {"opened_at": 99, "resolved_at": 89},
            {"opened_at": 99, "resolved_at": 90},
            {"opened_at": 99, "resolved_at": 95, "reopened_at": 9},
            FINE,
        ),
        {},
        (33.3333, "measured", "1 of 3 in 90 days"),
    ),
    ("two are too few to tell", desk(AGAIN, AGAIN), {}, MISSING),
    (
        "unless told otherwise",
        desk(AGAIN),
        {"min_tickets": 1, "window_days": 30},
        (100.0, "measured", "1 of 1 in 30 days"),
    ),
    ("none resolved", desk({"opened_at": 3}), {}, MISSING),
    ("never seen by support", desk(FINE, FINE, FINE, account_id="b"), {}, MISSING),
    ("connected and empty", desk(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    (
        "reopening never told",
        desk(FINE, FINE, FINE, columns=("resolved_at",)),
        {},
        NOT_APPLICABLE,
    ),
    ("resolution never told", desk(columns=("reopened_at",)), {}, NOT_APPLICABLE),
]

test_reopen_rate = case_test("reopen_rate", CASES)
