from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    SEATS,
    account,
    case_test,
    on,
    world,
)


def asked(seats, days_ago=19, *, account_id="a", **columns):
    return {"account_id": account_id, "seats": seats, "requested_on": on(days_ago), **columns}


ONE = (account(),)


def billing(*requests, contracts=SEATS, accounts=ONE):
    return world({"seat_requests": list(requests), **contracts}, accounts)


NONE = (0.0, "measured", "none in 90 days")
CASES = [
    (
        "twelve of a hundred",
        billing(asked(-12)),
        {},
        (1.0, "measured", "12 of 100 seats, last on 2026-03-12"),
    ),
    (
        "two requests",
        billing(asked(-12), asked(-3, 2)),
        {},
        (2.0, "measured", "15 of 100 seats, last on 2026-03-29"),
    ),
    (
        "seats unknown",
        billing(asked(-12), accounts=[account(seats=None)]),
        {},
        (1.0, "measured", "12 seats, last on 2026-03-12"),
    ),
    (
        "seats below zero",
        billing(asked(-12), accounts=[account(seats=-1)]),
        {},
        (1.0, "measured", "12 seats, last on 2026-03-12"),
    ),
    (
        "without a contract, in whatever currency it is",
        billing(asked(-12), contracts={}),
        {},
        (1.0, "measured", "12 of 100 seats, last on 2026-03-12"),
    ),
    ("more seats are none", billing(asked(12)), {}, NONE),
    ("nor is a request for nothing", billing(asked(0)), {}, NONE),
    (
        "more seats take no request for fewer back",
        billing(asked(-12), asked(40, 2)),
        {},
        (1.0, "measured", "12 of 100 seats, last on 2026-03-12"),
    ),
    (
        "the 90th day is in",
        billing(asked(-12, 89)),
        {},
        (1.0, "measured", "12 of 100 seats, last on 2026-01-01"),
    ),
    ("the 91st is out", billing(asked(-12, 90)), {}, NONE),
    (
        "another window",
        billing(asked(-12)),
        {"window_days": 14},
        (
            0.0,
            "measured",
            "none in 14 days",
        ),
    ),
    ("a contract and no request", billing(), {}, NONE),
    ("requests of an unknown account", billing(asked(-12, account_id="z")), {}, NONE),
    ("neither contract nor request", billing(contracts={}), {}, MISSING),
    ("not connected", world(SEATS), {}, NOT_APPLICABLE),
]

test_seat_reduction_requests = case_test("seat_reduction_requests", CASES)
