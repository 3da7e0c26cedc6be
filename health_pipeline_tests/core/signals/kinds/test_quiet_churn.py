from __future__ import annotations

from dataclasses import replace

import pytest

from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    account,
    at,
    case_test,
    on,
    said,
    used_by_week,
    weeks,
    window,
    world,
)

FALLING = [100] * 12 + [60, 72]
STEADY = [100] * 14
DOWN = "active users down 34% against the prior 8 weeks"
EARLY = (170, 140, 110, 80, 50)
"""One ticket a month for five months."""


def customer(
    users, opened=EARLY, *, by_days=(), escalated=None, asked=None, others=(), without=(), **columns
):
    """Account a with weekly users or days of use, tickets opened so many days ago; and others."""
    tickets = [
        {"account_id": who, "source": "desk", "opened_at": at(days), "escalated_at": None}
        for who, days in [("b", 300), *(("a", days) for days in opened)]
    ]
    if escalated is not None:
        tickets[-1]["escalated_at"] = at(escalated)
    tables = {"tickets": tickets}
    if asked is not None:
        days, seats = asked
        tables["seat_requests"] = [{"account_id": "a", "requested_on": on(days), "seats": seats}]
    tables = {name: rows for name, rows in tables.items() if name not in without}
    histories = {"a": users, **{f"o{n}": history for n, history in enumerate(others)}}
    first = {"first_seen_on": on(400)}
    return world(
        tables,
        [account(name, **(first | (columns if name == "a" else {}))) for name in histories],
        [
            window(name, active_users_30d=None if set(history) == {None} else 1,
                   weekly_users=weeks(history),
                   **used_by_week(by_days if name == "a" else ()))
            for name, history in histories.items()
        ],
        provided={"tickets": set(SOURCE_TABLES["tickets"].names)},
    )  # fmt: skip


def quiet(loss, opened, usual="1.0"):
    return (loss, "measured", f"{DOWN}, tickets in 30 days: {opened}, usually {usual}")


CASES = [
    ("a third fewer for two weeks, and not a word", customer(FALLING), {}, quiet(34.0, 0)),
    ("a word as usual", customer(FALLING, (*EARLY, 20)), {}, quiet(34.0, 1)),
    ("more than usual: they speak", customer(FALLING, (*EARLY, 20, 10)), {}, quiet(0.0, 2)),
    ("a ticket of theirs is escalated", customer(FALLING, escalated=10), {}, quiet(0.0, 0)),
    ("an old escalation says nothing today", customer(FALLING, escalated=40), {}, quiet(34.0, 0)),
    ("they ask for fewer seats", customer(FALLING, asked=(10, -5)), {}, quiet(0.0, 0)),
    ("more seats are no complaint", customer(FALLING, asked=(10, 5)), {}, quiet(34.0, 0)),
    (
        "they have given notice",
        customer(FALLING, cancellation_notice_on=on(1)),
        {},
        quiet(0.0, 0),
    ),
    (
        "use holds",
        customer(STEADY),
        {},
        (0.0, "measured", "active users at 100% of the prior 8 weeks"),
    ),
    (
        "one week alone is not",
        customer([100] * 12 + [76, 60]),
        {},
        (0.0, "measured", "active users at 68% of the prior 8 weeks"),
    ),
    (
        "a holiday of everyone",
        customer(FALLING, others=[FALLING] * 4),
        {},
        (0.0, "measured", f"{DOWN}, as those of most accounts are"),
    ),
    ("others hold", customer(FALLING, others=[STEADY] * 4), {}, quiet(34.0, 0)),
    (
        "deeper than everyone",
        customer([100] * 12 + [30, 30], others=[FALLING] * 4),
        {},
        (
            70.0,
            "measured",
            "active users down 70% against the prior 8 weeks, tickets in 30 days: 0, usually 1.0",
        ),
    ),
    (
        "too short at the desk to know the usual: none is silence",
        customer(FALLING, (20,), first_seen_on=on(20)),
        {},
        (0.0, "measured", f"{DOWN}, tickets in 30 days: 1"),
    ),
    ("7 weeks of history", customer([20] * 7), {}, MISSING),
    ("support has never seen it", customer(FALLING, ()), {}, MISSING),
    ("no source shows the account", customer(FALLING, has_usage=False), {}, MISSING),
    ("no tickets", customer(FALLING, without={"tickets"}), {}, NOT_APPLICABLE),
    (
        "no source has users: days of use, down",
        customer([None] * 14, by_days=[5] * 12 + [2, 1]),
        {},
        (
            70.0,
            "measured",
            quiet(0, 0)[2].replace(DOWN, "days of use down 70% against the prior 8 weeks"),
        ),
    ),
    (
        "… which hold",
        customer([None] * 14, by_days=[5] * 14),
        {},
        (0.0, "measured", "days of use at 100% of the prior 8 weeks"),
    ),
    ("… four days a week", customer([None] * 14, by_days=[4] * 12 + [1, 1]), {}, MISSING),
    ("… of too few weeks", customer([None] * 14, by_days=[0] * 7 + [5] * 7), {}, MISSING),
]

test_quiet_churn = case_test("quiet_churn", CASES)


@pytest.mark.parametrize("recorded", [True, False])
def test_escalations_count_only_where_a_source_tells_them(recorded):
    view = customer(FALLING, escalated=10)
    tickets = view.provided["tickets"] - (frozenset() if recorded else {"escalated_at"})
    view = replace(view, provided={"tickets": tickets})
    assert said("quiet_churn", view, {})[0] == (0.0 if recorded else 34.0)
