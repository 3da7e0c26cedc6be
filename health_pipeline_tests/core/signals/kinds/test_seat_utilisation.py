from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    SEATS,
    account,
    at,
    case_test,
    said,
    world,
)

FOUR_SEATS = (account(seats=4),)


def users(*people, source="product", accounts=FOUR_SEATS, sources=frozenset(), roles=None):
    """Users by user_id, each with the dates that it carries."""
    rows = [
        {"account_id": "a", "source": source, "user_id": name, "deactivated_at": None, **dates}
        for name, dates in people
    ]
    return world({"users": rows, **SEATS}, accounts, usage_sources=sources, roles=roles)


ANN, BEN = ("ann", {}), ("ben", {})
CASES = [
    ("two of four", users(ANN, BEN), {}, (50.0, "measured", "2 of 4 seats")),
    (
        "deactivated and deleted users hold no seat",
        users(ANN, ("ben", {"deactivated_at": at(3)}), ("cy", {"deleted_at": at(0)})),
        {},
        (25.0, "measured", "1 of 4 seats"),
    ),
    (
        "all gone: a measured zero",
        users(("ben", {"deactivated_at": at(3)})),
        {},
        (0.0, "measured", "0 of 4 seats"),
    ),
    ("one person, two records", users(ANN, ANN), {}, (25.0, "measured", "1 of 4 seats")),
    ("contacts of the CRM are no users", users(ANN, source="crm"), {}, NOT_APPLICABLE),
    (
        "a product by another name",
        users(ANN, source="app"),
        {"source": "app"},
        (25.0, "measured", "1 of 4 seats"),
    ),
    (
        "a product by its role",
        users(ANN, source="app", roles={"app": "product", "hub": "crm"}),
        {},
        (25.0, "measured", "1 of 4 seats"),
    ),
    (
        "a source of another role",
        users(ANN, source="hub", roles={"app": "product", "hub": "crm"}),
        {},
        NOT_APPLICABLE,
    ),
    (
        "any source that sends usage",
        users(ANN, source="app", sources=frozenset({"app"})),
        {"source": None},
        (25.0, "measured", "1 of 4 seats"),
    ),
    ("no source sends usage", users(ANN), {"source": None}, NOT_APPLICABLE),
    ("no seats", users(ANN, accounts=[account(seats=0)]), {}, MISSING),
    ("seats unknown", users(ANN, accounts=[account(seats=None)]), {}, MISSING),
    (
        "no user of this account",
        users(ANN, accounts=[account(), account("b")]),
        {},
        (1.0, "measured", "1 of 100 seats"),
    ),
    ("users not connected", world(SEATS), {}, NOT_APPLICABLE),
    (
        "seats not provided",
        world({"users": [{"account_id": "a", "source": "product", "user_id": "ann"}]}),
        {},
        NOT_APPLICABLE,
    ),
]


test_seat_utilisation = case_test("seat_utilisation", CASES)


def test_an_account_without_users_is_missing():
    view = users(ANN, accounts=[account(), account("b")])
    assert said("seat_utilisation", view, {}, "b") == MISSING
