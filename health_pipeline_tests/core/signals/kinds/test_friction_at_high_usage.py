from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    SEATS,
    account,
    at,
    case_test,
    on,
    window,
    world,
)


def ticket(opened=20, **columns):
    return {"account_id": "a", "source": "desk", "opened_at": at(opened), **columns}


def customer(users, *tickets, rated=(), due=(), contract=SEATS, **columns):
    """Users of 100 seats, tickets, ratings (days ago, score), open milestones (due days ago)."""
    tables, provided = dict(contract), {}
    if tickets:
        tables["tickets"] = list(tickets)
        provided["tickets"] = {"resolved_at", "escalated_at"}
    if rated:
        tables["sentiments"] = [
            {"account_id": "a", "recorded_at": at(days), "score": score} for days, score in rated
        ]
    if due:
        tables["milestones"] = [
            {
                "account_id": "a",
                "milestone_id": name,
                "name": name,
                "due_on": on(days),
                "completed_on": None,
                "is_onboarding": name != "Rollout",
            }
            for name, days in due
        ]
        provided["milestones"] = {"due_on", "completed_on"}
    windows = [window(active_users_30d=users), window("b", active_users_30d=1)]
    return world(tables, [account(**columns), account("b")], windows, provided)  # fmt: skip


CLOSED = ticket(resolved_at=at(10))
OPEN = [ticket()] * 5
ESCALATED = ticket(resolved_at=at(1), escalated_at=at(13))
CASES = [
    ("much use, nothing wrong", customer(80, CLOSED), {}, (0.0, "measured", "80% of seats active")),
    (
        "five open tickets",
        customer(80, *OPEN),
        {},
        (1.0, "measured", "80% of seats active, 5 open tickets"),
    ),
    ("four are daily life", customer(80, *OPEN[:4]), {}, (0.0, "measured", "80% of seats active")),
    (
        "an escalation",
        customer(80, ESCALATED),
        {},
        (1.0, "measured", "80% of seats active, 1 escalated"),
    ),
    (
        "an old one is over",
        customer(80, ticket(resolved_at=at(1), escalated_at=at(14))),
        {},
        (0.0, "measured", "80% of seats active"),
    ),
    (
        "a poor rating",
        customer(80, rated=[(5, 2.0), (40, 5.0)]),
        {},
        (1.0, "measured", "80% of seats active, sentiment 2 of 5"),
    ),
    (
        "a better one since",
        customer(80, rated=[(5, 3.0), (40, 1.0)]),
        {},
        (0.0, "measured", "80% of seats active"),
    ),
    (
        "an old rating",
        customer(80, rated=[(91, 1.0)]),
        {},
        (0.0, "measured", "80% of seats active"),
    ),
    (
        "an onboarding milestone is late",
        customer(80, due=[("Launch", 8)]),
        {},
        (1.0, "measured", "80% of seats active, Launch late"),
    ),
    (
        "a week is not late",
        customer(80, due=[("Launch", 7), ("Rollout", 90)]),
        {},
        (0.0, "measured", "80% of seats active"),
    ),
    (
        "several add up",
        customer(60, *OPEN, ESCALATED, rated=[(5, 1.0)]),
        {},
        (3.0, "measured", "60% of seats active, 1 escalated, 5 open tickets, sentiment 1 of 5"),
    ),
    (
        "little use: other signals' matter",
        customer(41, *OPEN),
        {},
        (0.0, "measured", "41% of seats active, high use is 60%"),
    ),
    (
        "the model's own bounds",
        customer(41, *OPEN[:2]),
        {"seat_share": 40, "open_tickets": 2},
        (1.0, "measured", "41% of seats active, 2 open tickets"),
    ),
    ("no seats known", customer(80, CLOSED, seats=None), {}, MISSING),
    ("users of others only", customer(None, CLOSED), {}, MISSING),
    ("no source shows the account", customer(80, CLOSED, has_usage=False), {}, MISSING),
    ("no source tells seats", customer(80, CLOSED, contract={}), {}, NOT_APPLICABLE),
    ("nothing tells outcomes", customer(80), {}, NOT_APPLICABLE),
    (
        "no product source",
        world({**SEATS, "tickets": [CLOSED]}, [account(has_usage=False)]),
        {},
        NOT_APPLICABLE,
    ),
]

test_friction_at_high_usage = case_test("friction_at_high_usage", CASES)
