from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    account,
    at,
    case_test,
    on,
    said,
    world,
)


def opened(days_ago, *, accounts=None, account_id="a", others=(400,)):
    """Tickets of one account; others' show since when the source records them."""
    rows = [*((account_id, day) for day in days_ago), *(("other", day) for day in others)]
    tickets = [{"account_id": a, "source": "support", "opened_at": at(d)} for a, d in rows]
    return world({"tickets": tickets}, accounts or (account(first_seen_on=on(500)),))


STEADY = [*range(5, 180, 10)]  # three a month for six months
CASES = [
    ("as always", opened(STEADY), {}, (100.0, "measured", "3 in 30 days, usually 3.0")),
    (
        "twice as many",
        opened([*STEADY, 1, 2, 3]),
        {},
        (150.0, "measured", "6 in 30 days, usually 3.0"),
    ),
    (
        "the same rise on a large account is no noise",
        opened([d for d in STEADY for _ in range(10)] + [1] * 30),
        {},
        (190.9091, "measured", "60 in 30 days, usually 30.0"),
    ),
    (
        "the first ticket of a silent account is no flood",
        opened([3]),
        {},
        (133.3333, "measured", "1 in 30 days, usually 0.0"),
    ),
    (
        "silence is less than usual",
        opened([d for d in STEADY if d >= 30]),
        {},
        (50.0, "measured", "0 in 30 days, usually 3.0"),
    ),
    (
        "the 30th day is in, the 31st is earlier; the 181st counts no more",
        opened([29, 30, 179, 180]),
        {},
        (117.6471, "measured", "1 in 30 days, usually 0.4"),
    ),
    (
        "a newcomer is judged by the days since it came",
        opened([1, 2, 35, 45], accounts=[account(first_seen_on=on(59))]),
        {},
        (100.0, "measured", "2 in 30 days, usually 2.0"),
    ),
    (
        "too new to have a rate",
        opened([1, 2, 35], accounts=[account(first_seen_on=on(58))]),
        {},
        MISSING,
    ),
    ("known by its contract only", opened([1], accounts=[account(starts_on=on(40))]), {}, MISSING),
    (
        "before its first ticket the source recorded nothing",
        opened([1, 40], others=[58]),
        {},
        MISSING,
    ),
    (
        "other windows",
        opened(STEADY),
        {"window_days": 20, "earlier_days": 100},
        (100.0, "measured", "2 in 20 days, usually 2.0"),
    ),
    (
        "a ticket dated in future is not of this month",
        opened([-3, 40]),
        {},
        (
            93.75,
            "measured",
            "0 in 30 days, usually 0.2",
        ),
    ),
    ("never seen by support", opened(STEADY, account_id="b"), {}, MISSING),
    ("connected and empty", world({"tickets": []}), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
]

test_ticket_volume = case_test("ticket_volume", CASES)


def test_size_does_not_matter():
    """The same tickets a seat less: seats are no part of it."""
    few, many = (
        said("ticket_volume", opened(STEADY, accounts=[account(seats=s)]), {}) for s in (None, 5000)
    )
    assert few == many
