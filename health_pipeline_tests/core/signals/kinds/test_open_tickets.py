from __future__ import annotations

import pytest

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    at,
    said,
    world,
)


def desk(*tickets, columns=("resolved_at", "reopened_at", "escalated_at"), account_id="a"):
    """Tickets as dicts of days ago."""
    rows = [
        {"account_id": account_id, "ticket_id": str(n), **{k: at(d) for k, d in ticket.items()}}
        for n, ticket in enumerate(tickets)
    ]
    return world({"tickets": rows}, provided={"tickets": set(columns)})


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


@pytest.mark.parametrize(("why", "view", "params", "expected"), CASES)
def test_open_tickets(why, view, params, expected):
    assert said("open_tickets", view, params) == expected, why
