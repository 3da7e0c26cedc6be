from __future__ import annotations

from math import exp, log

import polars as pl

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    account,
    case_test,
    used_by_week,
    weeks,
    window,
    world,
)

STEADY = [20] * 14
FALLING = [100] * 12 + [60, 72]


def trend(*histories, plans=None, **columns):
    """Accounts a, b, c … with their weekly users, oldest first; all of one plan unless told."""
    names = [chr(ord("a") + n) for n in range(len(histories))]
    plans = plans or ["Growth"] * len(names)
    users = [None if set(h) == {None} else 1 for h in histories]
    shown = zip(names, users, histories, strict=True)
    return world(
        accounts=[account(n, plan=p, **columns) for n, p in zip(names, plans, strict=True)],
        windows=[window(n, active_users_30d=u, weekly_users=weeks(h)) for n, u, h in shown],
    )


def by_days(days, *others, users=None):
    """The same of an account without users, with days of use of its weeks; `others` have users."""
    alone = window("a", active_users_30d=users, **used_by_week(days))
    names = [chr(ord("b") + n) for n in range(len(others))]
    shown = [window(n, active_users_30d=1, weekly_users=weeks(h))
             for n, h in zip(names, others, strict=True)]  # fmt: skip
    return world(accounts=[account(n) for n in ("a", *names)], windows=[alone, *shown])


def by_hand(x):
    """EWMA(.3) − EWMA(.05) with the weights that start up without bias, oldest first."""
    fast, slow = pl.Series(x).ewm_mean(alpha=0.3), pl.Series(x).ewm_mean(alpha=0.05)
    return round(fast[-1] - slow[-1], 4)


ALONE = by_hand([log(n + 1) for n in FALLING])
FADED = [40] * 6 + [1] * 6 + [2, 2]
"""Large until the prior 8 weeks began, then next to nothing, now twice that."""

FADED_TREND = by_hand([log(users + 1) for users in FADED])
FADED_LOSS = round(100 - 100 * exp(FADED_TREND))
TOLD = (
    f"beside them {FADED_LOSS}% below its level of 14 weeks, though "
    "active users at 200% of the prior 8 weeks"
)
GAP = by_hand([None if n == 5 else log(users + 1) for n, users in enumerate(FALLING)])
AHEAD = by_hand([0.0] * 12 + [log(101 / 61), log(101 / 73)])
STEADY_DAYS = (0.0, "measured", "days of use at 100% of the prior 8 weeks")
FEWER_DAYS = (
    by_hand([log(6)] * 12 + [log(2)] * 2),
    "measured",
    "days of use down 80% against the prior 8 weeks",
)
HARDLY_ANY_DAYS = (
    by_hand([log(2), *[0.0] * 11, log(2), log(3)]),
    "measured",
    "hardly any days of use in the prior 8 weeks",
)
CASES = [
    (
        "a flat line",
        trend(STEADY),
        {},
        (0.0, "measured", "active users at 100% of the prior 8 weeks"),
    ),
    (
        "both last weeks at most 75 %: down by their mean, 66 against 100",
        trend(FALLING),
        {},
        (ALONE, "measured", "active users down 34% against the prior 8 weeks"),
    ),
    (
        "an unknown week in between weighs nothing",
        trend([*FALLING[:5], None, *FALLING[6:]]),
        {},
        (GAP, "measured", "active users down 34% against the prior 8 weeks"),
    ),
    (
        "exactly 75 % twice is down",
        trend([100] * 12 + [75, 75]),
        {},
        (
            by_hand([log(101)] * 12 + [log(76)] * 2),
            "measured",
            "active users down 25% against the prior 8 weeks",
        ),
    ),
    (
        "one week alone is not",
        trend([100] * 12 + [76, 60]),
        {},
        (
            by_hand([log(101)] * 12 + [log(77), log(61)]),
            "measured",
            "active users at 68% of the prior 8 weeks",
        ),
    ),
    (
        "behind in spite of a rise over its own prior weeks: the detail says of what",
        trend(FADED),
        {},
        (
            FADED_TREND,
            "measured",
            TOLD,
        ),
    ),
    (
        "five of the plan fall alike: a holiday, not this account",
        trend(*[FALLING] * 5),
        {},
        (0.0, "measured", "active users down 34% against the prior 8 weeks"),
    ),
    (
        "holding while the plan falls is a strength",
        trend([100] * 14, *[FALLING] * 4),
        {},
        (AHEAD, "measured", "active users at 100% of the prior 8 weeks"),
    ),
    (
        "another plan's fall is none of ours",
        trend(*[STEADY] * 5, *[FALLING] * 6, plans=["Growth"] * 5 + ["Starter"] * 6),
        {},
        (0.0, "measured", "active users at 100% of the prior 8 weeks"),
    ),
    (
        "a plan of four is compared with everyone",
        trend(*[FALLING] * 5, plans=["Growth"] * 4 + ["Starter"]),
        {},
        (0.0, "measured", "active users down 34% against the prior 8 weeks"),
    ),
    ("no source shows the account", trend(FALLING, has_usage=False), {}, MISSING),
    (
        "accounts of unknown plan are no peers of each other",
        trend([100] * 14, *[FALLING] * 4, *[[100] * 14] * 5, plans=[None] * 5 + ["Growth"] * 5),
        {},
        (0.0, "measured", "active users at 100% of the prior 8 weeks"),
    ),
    (
        "four accounts in all: no comparison",
        trend(*[FALLING] * 4),
        {},
        (ALONE, "measured", "active users down 34% against the prior 8 weeks"),
    ),
    (
        "newcomers below 8 weeks move nobody's peer level",
        trend(*[[100] * 14] * 5, *[[1, 1]] * 20),
        {},
        (0.0, "measured", "active users at 100% of the prior 8 weeks"),
    ),
    (
        "8 weeks suffice",
        trend([20] * 8),
        {},
        (0.0, "measured", "active users at 100% of the prior 8 weeks"),
    ),
    ("the newest weeks unknown", trend([20] * 12 + [20, None], STEADY), {}, MISSING),
    ("7 do not", trend([20] * 7), {}, MISSING),
    (
        "coming back from nothing has no percentage",
        trend([0] * 12 + [3, 5]),
        {},
        (
            by_hand([0.0] * 12 + [log(4), log(6)]),
            "measured",
            "hardly any active users in the prior 8 weeks",
        ),
    ),
    (
        "gone altogether",
        trend([20] * 12 + [0, 0]),
        {},
        (
            by_hand([log(21)] * 12 + [0.0] * 2),
            "measured",
            "active users down 100% against the prior 8 weeks",
        ),
    ),
    ("weeks without users, where others have them", trend([None] * 14, STEADY), {}, MISSING),
    ("weeks without users or days", trend([None] * 14), {}, MISSING),
    ("days of use where no user is shown: steady", by_days([5] * 14), {}, STEADY_DAYS),
    ("… down", by_days([5] * 12 + [1, 1]), {}, FEWER_DAYS),
    ("… beside others who have users", by_days([5] * 12 + [1, 1], STEADY), {}, FEWER_DAYS),
    ("… hardly any", by_days([1] + [0] * 11 + [1, 2]), {}, HARDLY_ANY_DAYS),
    ("… weeks before the first use are unknown", by_days([0] * 6 + [5] * 8), {}, STEADY_DAYS),
    ("… so that there may be too few", by_days([0] * 7 + [5] * 7), {}, MISSING),
    ("… no use at all", by_days([0] * 14), {}, MISSING),
    ("… but not where users are counted", by_days([5] * 14, users=3), {}, MISSING),
    ("no product source", world(accounts=[account(has_usage=False)]), {}, NOT_APPLICABLE),
    (
        "shown, but no window",
        world(usage_sources=frozenset({"product"})),
        {},
        MISSING,
    ),
]


test_usage_trend = case_test("usage_trend", CASES)
