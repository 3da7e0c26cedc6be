from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.activity.delivery import SILENT_BACK, Deliveries
from health_pipeline.core.activity.delivery_source import NEVER
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.frames import SOURCE_DAYS
from health_pipeline.core.schemas.time import day_number

DAY = date(2026, 3, 25)  # a Wednesday
RULES = ActivityRules(holidays=("2026-03-25",))
PLAIN = ActivityRules()


def shown(account, *days_ago, source="app", late=0):
    """Rows of `account` on days counted back from DAY, known `late` days after."""
    return [
        (source, account, DAY - timedelta(days=n), DAY - timedelta(days=n - late), 1)
        for n in days_ago
    ]


def frame(*rows):
    return pl.DataFrame([r for group in rows for r in group], schema=SOURCE_DAYS, orient="row")


def plans(**of):
    return pl.DataFrame(
        list(of.items()), schema={"account_id": pl.String, "plan": pl.String}, orient="row"
    )


def walked(source_days, of, first, last, rules, used=()):
    """The state at the end of each day from `first` on, and its accounts."""
    named = source_days["account_id"]
    ids = pl.concat([named, pl.Series(used, dtype=pl.String)]).unique().sort().alias("account_id")
    plan = of if callable(of) else _constant(ids, of)
    start = first - timedelta(days=SILENT_BACK)
    return ids, Deliveries(ids, plan, rules, start, first).run(source_days, last)


def _constant(ids, of):
    plan = ids.to_frame().join(of, on="account_id", how="left", maintain_order="left")["plan"]
    return lambda _: plan


def delivered(source_days, of, first, last, rules):
    """(source, plan, day) → since when the day counts as delivered."""
    _, states = walked(source_days, of, first, last, rules)
    return {news: state.day for state in states for news in state.news}


def last_delivered(source_days, of, day, used=(), since=100):
    """For each account the last delivered day at the end of `day`, as days before DAY."""
    first = day - timedelta(days=since)
    ids, states = walked(source_days, of, first, day, PLAIN, used)
    *_, state = states
    flags = ids.is_in(list(used)).to_numpy()
    ends = state.last_delivered(flags).tolist()
    today = day_number(DAY)
    return {n: None if end == NEVER else today - end for n, end in zip(ids, ends, strict=True)}


REGULAR = (7, 14, 21, 28)
FIVE = [shown(name, *REGULAR) for name in "abcde"]
SIX = [shown(name, *REGULAR) for name in "abcdef"]
BASIC = plans(**dict.fromkeys("abcdefghz", "basic"))


@pytest.mark.parametrize(
    ("why", "rows", "rules", "known_on"),
    [
        ("one of five regulars is 20 %", [*FIVE, shown("a", 0)], PLAIN, DAY),
        ("one of six is less", [*SIX, shown("a", 0)], PLAIN, None),
        ("two of six", [*SIX, shown("a", 0), shown("b", 0)], PLAIN, DAY),
        (
            "others do not stand in for the regulars",
            [*SIX, shown("z", 0), shown("a", 0)],
            PLAIN,
            None,
        ),
        ("three of four dates are regular", [shown("a", 7, 14, 28), shown("z", 0)], PLAIN, None),
        ("two are not: something arrived", [shown("a", 7, 14), shown("z", 0)], PLAIN, DAY),
        ("other weekdays say nothing", [shown("a", 6, 13, 20, 27), shown("z", 0)], PLAIN, DAY),
        ("nothing at all, nobody regular", [shown("a", 1, 2, 3)], PLAIN, None),
        ("nothing at all", FIVE, PLAIN, None),
        ("a holiday is exempt", [*SIX, shown("z", 0)], RULES, DAY),
        ("unless nothing at all arrived", SIX, RULES, None),
        (
            "a holiday by month and day",
            [*SIX, shown("z", 0)],
            ActivityRules(holidays=("03-25",)),
            DAY,
        ),
        (
            "reached when the second arrives",
            [*SIX, shown("a", 0), shown("b", 0, late=2), shown("c", 0, late=5)],
            PLAIN,
            DAY + timedelta(days=2),
        ),
        (
            "35 regulars need 7",
            [shown(f"r{n}", *REGULAR) for n in range(35)] + [shown(f"r{n}", 0) for n in range(7)],
            PLAIN,
            DAY,
        ),
        (
            "who is regular is what was known on the day",
            [*(shown("a", n, late=n + 2) for n in REGULAR), shown("z", 0)],
            PLAIN,
            DAY,
        ),
    ],
)
def test_one_day(why, rows, rules, known_on):
    source_days = frame(*rows)
    everybody = plans(**dict.fromkeys(source_days["account_id"], "basic"))
    found = delivered(source_days, everybody, DAY, DAY + timedelta(days=10), rules)
    assert found.get(("app", "basic", DAY)) == known_on, why


def test_plans_are_judged_apart():
    rows = frame(*FIVE, shown("z", *REGULAR), *[shown(name, 0) for name in "abcde"])
    of = plans(**dict.fromkeys("abcde", "basic"), z=None)
    assert delivered(rows, of, DAY, DAY, PLAIN) == {("app", "basic", DAY): DAY}


def test_an_account_is_judged_by_its_plan_of_that_day():
    """z moves to a plan of its own on DAY: only from then on does its silence count there."""
    rows = frame(*FIVE, *[shown(name, 0, 1, 8, 15, 22, 29) for name in "abcde"], shown("z", 8))
    before = DAY - timedelta(days=1)
    old, new = (pl.Series(["basic"] * 5 + [plan]) for plan in ("basic", "own"))
    found = delivered(rows, lambda day: old if day < DAY else new, before, DAY, PLAIN)
    assert found == {
        ("app", "basic", before): before,
        ("app", "basic", DAY): DAY,
        ("app", "own", DAY): DAY,
    }


def test_sources_are_judged_apart():
    rows = frame(*FIVE, *[shown(name, 0) for name in "abcde"], shown("a", *REGULAR, source="crm"))
    assert delivered(rows, BASIC, DAY, DAY, PLAIN) == {("app", "basic", DAY): DAY}


def test_before_its_first_row_a_source_delivered_nothing():
    first = DAY - timedelta(days=3)
    found = delivered(frame(shown("a", 0)), BASIC, first, DAY, PLAIN)
    assert found == {("app", "basic", DAY): DAY}


def test_the_first_row_of_a_source_may_be_of_an_earlier_day():
    found = delivered(frame(shown("a", 2, late=2)), BASIC, DAY - timedelta(days=9), DAY, PLAIN)
    assert found == {("app", "basic", DAY - timedelta(days=2)): DAY}


def test_rows_known_after_the_range_are_not_seen():
    rows, later = frame(shown("a", 0, late=3)), DAY + timedelta(days=3)
    assert delivered(rows, BASIC, DAY, DAY, PLAIN) == {}
    assert delivered(rows, BASIC, DAY, later, PLAIN) == {("app", "basic", DAY): later}


@pytest.mark.parametrize(("late", "counts"), [(34, True), (35, False)])
def test_what_arrives_too_late_makes_no_day_delivered(late, counts):
    rows = frame(shown("a", 0, late=late))
    found = delivered(rows, BASIC, DAY, DAY + timedelta(days=50), PLAIN)
    assert bool(found) == counts


def test_an_outage_of_weeks_is_never_zero():
    rows = frame(*[shown(name, *range(20, 60)) for name in "abcde"])
    assert last_delivered(rows, BASIC, DAY, since=25) == dict.fromkeys("abcde", 20)


def test_a_state_that_is_carried_on_judges_as_one_walk():
    rows = frame(*SIX, *[shown(name, *range(20, 60), late=n) for n, name in enumerate("abcdef")])
    first, middle = DAY - timedelta(days=60), DAY - timedelta(days=25)
    ids, states = walked(rows, BASIC, first, DAY, PLAIN)
    whole = [(state.day, state.news, state.last_delivered().tolist()) for state in states]
    carried = Deliveries(ids, _constant(ids, BASIC), PLAIN, first - timedelta(SILENT_BACK), first)
    parts = [
        (state.day, state.news, state.last_delivered().tolist())
        for last in (middle, DAY)
        for state in carried.run(rows, last)
    ]
    assert parts == whole
    assert sum(len(news) for _, news, _ in whole) > 20


@pytest.mark.parametrize(
    ("why", "rows", "days_later", "expected"),
    [
        ("the day itself", [shown("a", 0, 1)], 0, 0),
        ("the last delivered day", [shown("a", 2)], 0, 2),
        ("the quiet account of a source that delivers", [shown("a", 9), shown("b", 0)], 0, 0),
        ("the least over its sources", [shown("a", 0), shown("a", 3, source="crm")], 0, 3),
        (
            "a source silent for 90 days is not asked",
            [shown("a", 0), shown("a", 90, source="crm")],
            0,
            0,
        ),
        ("unless it is the only one", [shown("a", 95)], 0, 95),
        ("a day known later does not count yet", [shown("a", 1), shown("a", 0, late=2)], 1, 1),
        ("… until it is", [shown("a", 1), shown("a", 0, late=2)], 2, 0),
    ],
)
def test_last_delivered_day(why, rows, days_later, expected):
    source_days = frame(*rows)
    today = DAY + timedelta(days=days_later)
    assert last_delivered(source_days, BASIC, today)["a"] == expected, why


@pytest.mark.parametrize(
    ("why", "rows", "expected"),
    [
        ("silent for longer than the rows reach", [shown("b", 0)], 0),
        ("as late as the latest source", [shown("b", 0), shown("b", 2, source="crm")], 2),
        (
            "a source that ended long ago is not asked",
            [shown("b", 0), shown("b", 95, source="crm")],
            0,
        ),
        ("no source delivered anything", [], None),
    ],
)
def test_a_silent_account_is_quiet_not_unknown(why, rows, expected):
    source_days = frame(*rows)
    assert last_delivered(source_days, BASIC, DAY, ["a"])["a"] == expected, why
