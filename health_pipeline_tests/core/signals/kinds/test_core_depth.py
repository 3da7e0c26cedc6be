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
        "events per active user",
        world(windows=[window(core_events_30d=120, active_users_30d=16)]),
        {},
        (7.5, "measured", "120 core events by 16 active users"),
    ),
    (
        "people without a value moment",
        world(windows=[window(core_events_30d=0, active_users_30d=16)]),
        {},
        (0.0, "measured", "0 core events by 16 active users"),
    ),
    (
        "nobody and nothing, on a delivered day: zero, not 0/0",
        world(windows=[window(core_events_30d=0, active_users_30d=0)]),
        {},
        (0.0, "measured", "0 core events by 0 active users"),
    ),
    (
        "core events that no user can be tied to: not infinite",
        world(windows=[window(core_events_30d=5, active_users_30d=0)]),
        {},
        MISSING,
    ),
    ("no source has users", world(windows=[window(core_events_30d=5)]), {}, NOT_APPLICABLE),
    (
        "core events unknown",
        world(windows=[window(active_users_30d=5)]),
        {},
        MISSING,
    ),
    ("no product source", world(accounts=[account(has_usage=False)]), {}, NOT_APPLICABLE),
]


test_core_depth = case_test("core_depth", CASES)
