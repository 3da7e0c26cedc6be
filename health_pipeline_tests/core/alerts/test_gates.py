"""Is it the customers, or our own data?"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from health_pipeline.core.alerts.gates import Outage, counted, gated, limit
from health_pipeline.core.alerts.params import Gates
from health_pipeline.core.alerts.volume import volume
from health_pipeline_tests.core.schemas.worlds import DAY, table

RULES = Gates()
READS = {"seats": ("usage", "subscriptions"), "depth": ("usage",), "open": ("tickets",)}

LIMITS = [
    # why, changes of the days before, accounts, limit
    ("no past, few accounts: at least so many", [], 100, 20.0),
    ("no past, many accounts: a share of them", [], 10_000, 100.0),
    ("usual is 8 a day: six roots above it", [8] * 28, 100, 26.0),
    ("usual is 99 a day", [99] * 28, 10_000, 159.0),
    ("one wild day before does not lift it", [0] * 27 + [900], 100, 20.0),
    ("an even number of days: between the middle two", [8, 24], 100, 16 + 6 * 17**0.5),
]


@pytest.mark.parametrize(
    ("why", "before", "accounts", "expected"), LIMITS, ids=[c[0] for c in LIMITS]
)
def test_limit(why, before, accounts, expected):
    assert limit(before, accounts, RULES) == pytest.approx(expected)


def change(n, signal="seats", to_state="risk", silent=None, **more):
    row = {"transition_id": f"{signal}{to_state}{n:04}", "account_id": f"a{n:04}"}
    row |= {"signal": signal, "to_state": to_state, "from_state": "healthy"}
    return row | {"silent": to_state == "unknown" if silent is None else silent} | more


def held(rows, outages=(), history=None, accounts=1000, open_groups=None):
    changes = table("driver_transitions", rows)
    past = counted(changes.clear()) if history is None else history
    found = gated(changes, READS, outages, past, 28, accounts, RULES, open_groups)
    gates = found.changes.sort("transition_id")
    return dict(gates.select("transition_id", "gate").iter_rows()), found


def crowd(count, **more):
    return [change(n, **more) for n in range(count)]


CROWDS = [
    # why, changes, expected gates and how many of each
    ("as many as the limit: told one by one", crowd(20), {None: 20}),
    ("one more trips it", crowd(21), {"breaker:seats": 21}),
    ("silent entries into risk are no changes", crowd(40, silent=True), {None: 40}),
    ("losses of measurement count, although silent", crowd(30, to_state="unknown"),
     {"breaker:seats": 30}),
    ("each direction by itself", crowd(15) + crowd(15, to_state="unknown"), {None: 30}),
    ("each driver by itself", crowd(15) + crowd(15, signal="depth"), {None: 30}),
    ("what gets better trips nothing", crowd(60, to_state="healthy"), {None: 60}),
    (
        "another driver of the same source and accounts goes with it",
        [*crowd(30), change(3, signal="depth"), change(99, signal="depth")],
        {"breaker:seats": 31, None: 1},
    ),
    (
        "one of another source does not",
        [*crowd(30), change(3, signal="open")],
        {"breaker:seats": 30, None: 1},
    ),
    (
        "a fall to Red of such an account does",
        [*crowd(30), change(3, signal="tier", to_state="red")],
        {"breaker:seats": 31},
    ),
    (
        "falls to Red have a breaker of their own",
        crowd(30, signal="tier", to_state="red"),
        {"breaker:tier": 30},
    ),
    (
        "a notice of cancellation is a fact",
        crowd(30, signal="cancellation_notice"),
        {None: 30},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rows", "expected"), CROWDS, ids=[c[0] for c in CROWDS])
def test_breaker(why, rows, expected):
    gates = list(held(rows)[0].values())
    assert {one: gates.count(one) for one in set(gates)} == expected


def test_what_is_usual_trips_nothing():
    days = [DAY - timedelta(days=n) for n in range(1, 29)]
    past = pl.DataFrame(
        {"date": days, "signal": ["seats"] * 28, "direction": ["risk"] * 28, "changes": [60] * 28}
    )
    assert set(held(crowd(100), history=past)[0].values()) == {None}
    assert set(held(crowd(110), history=past)[0].values()) == {"breaker:seats"}


def test_a_known_outage_holds_back_its_drivers_for_its_accounts_and_counts_for_no_breaker():
    out = Outage("product", "usage", frozenset(f"a{n:04}" for n in range(25)), DAY, "silent")
    rows = [*crowd(30), change(3, signal="open"), change(4, signal="tier", to_state="red")]
    gates = held(rows, [out])[0]
    by_outage = [name for name, gate in gates.items() if gate == "outage:product"]
    assert len(by_outage) == 26, "25 accounts, and the fall to Red of one of them"
    assert [name for name in by_outage if "tier" in name] == ["tierred0004"]
    assert gates["openrisk0003"] is None
    assert [gates[f"seatsrisk{n:04}"] for n in range(25, 30)] == [None] * 5


def test_trips_say_by_how_much():
    (trip,) = held(crowd(41))[1].trips
    assert (trip.signal, trip.direction, trip.changes, trip.limit) == ("seats", "risk", 41, 20.0)


def mask(*days_ago):
    return sum(1 << one for one in days_ago)


def windows(*groups):
    """(accounts, mask, lag in days) of each group."""
    rows = [
        (f"g{g}_{n}", DAY - timedelta(days=lag), bits)
        for g, (count, bits, lag) in enumerate(groups)
        for n in range(count)
    ]
    schema = {"account_id": pl.String, "observed_on": pl.Date, "active_mask_0": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


ALWAYS, GONE = mask(0, 7, 14, 21, 28), mask(7, 14, 21, 28)
VOLUMES = [
    # why, groups, spoke, usual, out
    ("everybody speaks", [(1000, ALWAYS, 0)], 1000, 1000, False),
    ("a third is silent", [(700, ALWAYS, 0), (300, GONE, 0)], 700, 1000, True),
    ("so few are chance", [(950, ALWAYS, 0), (50, GONE, 0)], 950, 1000, False),
    ("a third of few, too", [(70, ALWAYS, 0), (30, GONE, 0)], 70, 100, False),
    ("a source that is always a day late", [(1000, ALWAYS, 1)], 1000, 1000, False),
    ("weekends are quiet every week", [(1000, mask(1, 2, 3), 0)], 0, 0, False),
    ("one quiet week before does not matter", [(1000, mask(0, 7, 14, 28), 0)], 1000, 1000, False),
    ("no usage at all", [], 0, 0, False),
]


@pytest.mark.parametrize(
    ("why", "groups", "spoke", "usual", "is_out"), VOLUMES, ids=[c[0] for c in VOLUMES]
)
def test_volume(why, groups, spoke, usual, is_out):
    found = volume(windows(*groups), DAY, RULES)
    assert (found.spoke, found.usual, found.is_out) == (spoke, usual, is_out)


def test_who_is_lost_is_who_usually_speaks():
    found = volume(windows((700, ALWAYS, 0), (300, GONE, 0), (9, mask(7, 14), 0)), DAY, RULES)
    assert found.lost == {f"g1_{n}" for n in range(300)}
    assert found.fresh == {f"g0_{n}" for n in range(700)}


@pytest.mark.parametrize("holiday", [f"{DAY}", f"{DAY:%m-%d}"])
def test_a_holiday_is_not_judged(holiday):
    assert not volume(windows((1000, GONE, 0)), DAY, RULES, [holiday]).is_out
