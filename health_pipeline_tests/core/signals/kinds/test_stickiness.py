from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    account,
    case_test,
    window,
    world,
)

CASES = [
    (
        "WAU / MAU",
        world(windows=[window(active_users_7d=12, active_users_30d=40)]),
        {},
        (30.0, "measured", "12 of 40 users"),
    ),
    (
        "nobody this week",
        world(windows=[window(active_users_7d=0, active_users_30d=40)]),
        {},
        (0.0, "measured", "0 of 40 users"),
    ),
    (
        "nobody this month: no habit to measure",
        world(windows=[window(active_users_7d=0, active_users_30d=0)]),
        {},
        MISSING,
    ),
    ("no source has users", world(windows=[window(events_30d=4)]), {}, NOT_APPLICABLE),
    ("no product source", world(accounts=[account(has_usage=False)]), {}, NOT_APPLICABLE),
    ("shown, but no window", world(usage_sources=frozenset({"product"})), {}, MISSING),
    ("users are listed, but nobody sends what they do", world(), {}, NOT_APPLICABLE),
]


test_stickiness = case_test("stickiness", CASES)
