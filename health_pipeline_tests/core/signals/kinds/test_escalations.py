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
        "the 14th day is in, the 15th is out",
        desk(
            {"opened_at": 30, "escalated_at": 13},
            {"opened_at": 30, "escalated_at": 14},
            {"opened_at": 30, "escalated_at": 2},
        ),
        {},
        (2.0, "measured", "in 14 days, the last on 2026-03-29"),
    ),
    (
        "another window",
        desk({"opened_at": 30, "escalated_at": 14}),
        {"window_days": 30},
        (1.0, "measured", "in 30 days, the last on 2026-03-17"),
    ),
    (
        "resolved since, and still an escalation",
        desk({"opened_at": 9, "escalated_at": 0, "resolved_at": 0}),
        {},
        (1.0, "measured", "in 14 days, the last on 2026-03-31"),
    ),
    ("tickets without one", desk({"opened_at": 3}), {}, (0.0, "measured", "none in 14 days")),
    ("never seen by support", desk({"opened_at": 3}, account_id="b"), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    ("escalation never told", desk({"opened_at": 3}, columns=("resolved_at",)), {}, NOT_APPLICABLE),
]


@pytest.mark.parametrize(("why", "view", "params", "expected"), CASES)
def test_escalations(why, view, params, expected):
    assert said("escalations", view, params) == expected, why
