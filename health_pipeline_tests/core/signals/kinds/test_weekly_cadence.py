from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from health_pipeline_tests.core.signals.worlds import (
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


def use(days_ago, **columns):
    return world(accounts=[account(**columns)], windows=[window(**used(days_ago))])


def told(active, of=12):
    return f"used in {active} of {of} weeks"


EVERY_WEEK = range(0, 126, 7)
CASES = [
    ("used every day", use(range(126)), {}, (100.0, "measured", told(12))),
    ("one day of each week is enough", use(EVERY_WEEK), {}, (100.0, "measured", told(12))),
    (
        "the last day of the oldest week looked at, and the first beyond it",
        use([77, 84, 125]),
        {},
        (8.3333, "measured", told(1)),
    ),
    (
        "three weeks silent",
        use([n for n in EVERY_WEEK if n >= 21]),
        {},
        (75.0, "measured", told(9)),
    ),
    ("no use in 18 weeks", use([]), {}, (0.0, "measured", told(0))),
    ("no use in the weeks looked at", use([90, 97]), {}, (0.0, "measured", told(0))),
    (
        "a week counts from three days of use on",
        use([0, 1, 2, 7, 8, *range(14, 17), 90]),
        {"min_days": 3},
        (16.6667, "measured", "used in 2 of 12 weeks on 3 days or more"),
    ),
    (
        "weeks before its first use are none of its weeks",
        use([n for n in EVERY_WEEK if n < 63]),
        {},
        (100.0, "measured", told(9, 9)),
    ),
    ("eight weeks are enough", use([0, 55]), {}, (25.0, "measured", told(2, 8))),
    ("seven are not", use([0, 48]), {}, MISSING),
    ("fewer weeks looked at", use([0, 60, 90]), {"weeks": 8}, (12.5, "measured", told(1, 8))),
    ("no source shows it", use([3], has_usage=False), {}, MISSING),
    (
        "weeks end on the last delivered day",
        world(accounts=[account()], windows=[window(observed_on=on(3), **used(EVERY_WEEK))]),
        {},
        (100.0, "measured", told(12)),
    ),
    (
        "of another account alone",
        world(accounts=[account(), account("b")], windows=[window("b", **used(EVERY_WEEK))]),
        {},
        MISSING,
    ),
    ("not connected", world(accounts=[account(has_usage=False)]), {}, NOT_APPLICABLE),
]


test_weekly_cadence = case_test("weekly_cadence", CASES)


@given(st.sets(st.integers(0, 125)), st.integers(8, 18), st.integers(1, 7))
def test_as_a_person_counts_the_weeks_of_a_calendar(days_ago, weeks, min_days):
    by_week = [[n for n in days_ago if n // 7 == week] for week in range(18)]
    lived = max((week + 1 for week, days in enumerate(by_week) if days), default=0)
    of = min(lived, weeks) if lived else weeks
    active = sum(len(days) >= min_days for days in by_week[:of])
    value, status, _ = said("weekly_cadence", use(days_ago), {"weeks": weeks, "min_days": min_days})
    if 0 < lived < 8:
        assert (value, status) == (None, "missing")
    else:
        assert (value, status) == (round(100.0 * active / of, 4), "measured")
