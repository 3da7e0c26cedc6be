from __future__ import annotations

from health_pipeline_tests.core.signals.kinds.test_quiet_churn import DOWN, FALLING, STEADY
from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    account,
    at,
    case_test,
    used_by_week,
    weeks,
    window,
    world,
)


def customer(
    users, *escalated, columns=("escalated_at",), account_id="a", others=(), by_days=(), **more
):
    """Weekly users or days of use of a; tickets escalated so many days ago, or None: never."""
    tickets = [
        {
            "account_id": account_id,
            "source": "desk",
            "opened_at": at(90),
            "escalated_at": None if days is None else at(days),
        }
        for days in escalated
    ]
    histories = {"a": users, **{f"o{n}": history for n, history in enumerate(others)}}
    return world(
        {"tickets": tickets},
        [account(name, **more) for name in histories],
        [
            window(name, active_users_30d=None if set(history) == {None} else 1,
                   weekly_users=weeks(history),
                   **used_by_week(by_days if name == "a" else ()))
            for name, history in histories.items()
        ],
        provided={"tickets": set(columns)},
    )  # fmt: skip


def counts(now, before, words=DOWN):
    return f"{now} in 14 days after {before} in the 14 before; {words}"


HOLDS = "active users at 100% of the prior 8 weeks"
CASES = [
    ("two after one", customer(FALLING, 3, 13, 20), {}, (2.0, "measured", counts(2, 1))),
    ("one after none", customer(FALLING, 0), {}, (1.0, "measured", counts(1, 0))),
    ("as many as before is no rise", customer(FALLING, 3, 20), {}, (0.0, "measured", counts(1, 1))),
    (
        "day 14 belongs to the window before",
        customer(FALLING, 14),
        {},
        (0.0, "measured", counts(0, 1)),
    ),
    ("day 28 to neither", customer(FALLING, 3, 28), {}, (1.0, "measured", counts(1, 0))),
    ("use holds", customer(STEADY, 3), {}, (0.0, "measured", counts(1, 0, HOLDS))),
    ("none at all", customer(FALLING, None), {}, (0.0, "measured", "none escalated in 28 days")),
    (
        "a holiday of everyone",
        customer(FALLING, 3, others=[FALLING] * 4),
        {},
        (0.0, "measured", counts(1, 0, f"{DOWN}, as those of most accounts are")),
    ),
    (
        "a window of the model's own",
        customer(FALLING, 3, 4, 13),
        {"window_days": 7},
        (2.0, "measured", f"2 in 7 days after 1 in the 7 before; {DOWN}"),
    ),
    ("support has never seen it", customer(FALLING, 3, account_id="b"), {}, MISSING),
    ("… though use holds", customer(STEADY, 3, account_id="b"), {}, MISSING),
    ("7 weeks of history", customer([20] * 7, 3), {}, MISSING),
    ("no source shows the account", customer(FALLING, 3, has_usage=False), {}, MISSING),
    ("escalations never told", customer(FALLING, 3, columns=()), {}, NOT_APPLICABLE),
    (
        "no source has users: days of use",
        customer([None] * 14, 3, by_days=[6] * 12 + [3, 0]),
        {},
        (1.0, "measured", counts(1, 0, "days of use down 75% against the prior 8 weeks")),
    ),
    ("nothing connected", world(), {}, NOT_APPLICABLE),
]

test_escalations_while_usage_falls = case_test("escalations_while_usage_falls", CASES)
