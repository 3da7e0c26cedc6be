from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    SEATS,
    account,
    case_test,
    on,
    window,
    world,
)

BUSY = window(active_users_7d=30, active_users_30d=45)
IDLE = window(active_users_7d=0, active_users_30d=0)
NO_USERS = window(events_30d=9)  # distinct-user columns are null

CASES = [
    ("30 days", world(SEATS, windows=[BUSY]), {}, (45.0, "measured", "45 of 100 seats in 30 days")),
    (
        "7 days",
        world(SEATS, windows=[BUSY]),
        {"window_days": 7},
        (30.0, "measured", "30 of 100 seats in 7 days"),
    ),
    (
        "the source delivered and nobody came: a measured zero",
        world(SEATS, windows=[IDLE]),
        {},
        (0.0, "measured", "0 of 100 seats in 30 days"),
    ),
    (
        "more people than seats is not cut off",
        world(SEATS, [account(seats=30)], [BUSY]),
        {},
        (150.0, "measured", "45 of 30 seats in 30 days"),
    ),
    ("no seats", world(SEATS, [account(seats=0)], [BUSY]), {}, MISSING),
    ("seats unknown", world(SEATS, [account(seats=None)], [BUSY]), {}, MISSING),
    ("seats below zero", world(SEATS, [account(seats=-5)], [BUSY]), {}, MISSING),
    ("no source has seats", world({}, [account(seats=None)], [BUSY]), {}, NOT_APPLICABLE),
    (
        "subscriptions without seats",
        world({"subscriptions": [{"account_id": "a"}]}, [account(seats=None)], [BUSY]),
        {},
        NOT_APPLICABLE,
    ),
    ("no source has users", world(SEATS, windows=[NO_USERS]), {}, NOT_APPLICABLE),
    (
        "its source has no users, another has",
        world(SEATS, [account(), account("b")], [NO_USERS, {**BUSY, "account_id": "b"}]),
        {},
        MISSING,
    ),
    ("no product source", world(SEATS, [account(has_usage=False)]), {}, NOT_APPLICABLE),
    (
        "the product never showed this account",
        world(SEATS, [account(has_usage=False), account("b")], [{**BUSY, "account_id": "b"}]),
        {},
        MISSING,
    ),
    (
        "has_usage unknown is not shown",
        world(SEATS, [account(has_usage=None), account("b")], [{**BUSY, "account_id": "b"}]),
        {},
        MISSING,
    ),
    (
        "shown, but no day delivered yet",
        world(SEATS, usage_sources=frozenset({"product"})),
        {},
        MISSING,
    ),
    (
        "ten days without delivery are still observed (ttl 3, half-life 7)",
        world(SEATS, windows=[{**BUSY, "observed_on": on(10)}]),
        {},
        (45.0, "measured", "45 of 100 seats in 30 days"),
    ),
    (
        "eleven are stale; the value stays",
        world(SEATS, windows=[{**BUSY, "observed_on": on(11)}]),
        {},
        (45.0, "stale", "45 of 100 seats in 30 days"),
    ),
]


test_breadth = case_test("breadth", CASES)
