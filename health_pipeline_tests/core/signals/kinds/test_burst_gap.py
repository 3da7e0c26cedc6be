from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline_tests.core.signals.worlds import (
    DAY,
    MISSING,
    NOT_APPLICABLE,
    account,
    case_test,
    on,
    said,
    used,
    window,
    world,
)

ALL = range(126)


def is_workday(days_ago: int, last: date = DAY) -> bool:
    return (last - timedelta(days=days_ago)).weekday() < 5


def use(days_ago, observed_on=DAY, **columns):
    """DAY is a Tuesday."""
    return world(
        accounts=[account(**columns)],
        windows=[window(observed_on=observed_on, **used(days_ago))],
    )


def told(gap, usual, varies):
    rhythm = f"usually at most {usual}; active days a week vary by about {varies}%"
    return f"no use for {gap} workdays, {rhythm}"


WORKDAYS = [n for n in ALL if is_workday(n)]
MONDAYS = [n for n in ALL if (DAY - timedelta(days=n)).weekday() == 0]
CASES = [
    ("used every day", use(ALL), {}, (0.0, "measured", told(0, 0, 0))),
    (
        "a weekend is no gap, and use on one ends none",
        use([*[n for n in WORKDAYS if n > 10], 3]),
        {},
        (7.0, "measured", told(7, 0, 20)),
    ),
    (
        "once a week is its rhythm",
        use(MONDAYS),
        {},
        (0.0, "measured", told(1, 4, 0)),
    ),
    (
        "the same account after three weeks without",
        use([n for n in MONDAYS if n > 21]),
        {},
        (12.0, "measured", told(16, 4, 40)),
    ),
    (
        "one long holiday among many gaps is not usual",
        use([n for n in MONDAYS if n not in (43, 50)]),
        {},
        (0.0, "measured", told(1, 4, 40)),
    ),
    (
        "Saturday's data: the last workday is Friday",
        use([n for n in ALL if is_workday(n, on(3)) and n > 1], observed_on=on(3)),
        {},
        (1.0, "measured", told(1, 0, 0)),
    ),
    (
        "all of it older than the first mask",
        use([n for n in ALL if n >= 63]),
        {},
        (45.0, "measured", told(45, 0, 100)),
    ),
    ("gone for all 18 weeks", use([]), {}, (90.0, "measured", "no use for 90 workdays or more")),
    ("8 weeks suffice", use(range(56)), {}, (0.0, "measured", told(0, 0, 0))),
    ("a day less does not", use(range(55)), {}, MISSING),
    ("no source shows the account", use(ALL, has_usage=False), {}, MISSING),
    ("windows of an earlier shape", world(windows=[window()]), {}, MISSING),
    ("shown, but no window", world(usage_sources=frozenset({"product"})), {}, MISSING),
    ("no product source", world(accounts=[account(has_usage=False)]), {}, NOT_APPLICABLE),
]

test_burst_gap = case_test("burst_gap", CASES)


def by_hand(active: list[bool]) -> tuple[int, int]:
    """The gap and the usual one, from workdays with use, the latest first."""
    first = active.index(True)
    runs, run = [], 0
    for used_on in active[first:]:
        if used_on and run:
            runs.append(run)
        run = 0 if used_on else run + 1
    usual = np.percentile(runs, 90, method="inverted_cdf") if runs else 0
    return first, int(usual)


@settings(max_examples=200, deadline=None)
@given(days=st.sets(st.integers(0, 125)), lag=st.integers(0, 6))
def test_gaps_are_those_counted_one_by_one(days, lag):
    last = on(lag)
    active = [n in days for n in ALL if is_workday(n, last)]
    value, status, _ = said("burst_gap", use(days, observed_on=last), {})
    if not any(active):
        assert value == 90
    elif len(active) - active[::-1].index(True) < 40:
        assert status == "missing"
    else:
        gap, usual = by_hand(active)
        assert value == max(gap - usual, 0)
