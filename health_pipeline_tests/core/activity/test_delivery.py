from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.activity import delivery
from health_pipeline.core.activity.delivery import DELIVERED, SILENT_BACK, Shown
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.frames import SOURCE_DAYS

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


def shown_by(source_days, of, first, last, used=()):
    ids = pl.concat([source_days["account_id"], pl.Series(used, dtype=pl.String)]).unique().sort()
    ids = ids.alias("account_id")
    held = Shown.of(source_days, ids, first - timedelta(days=SILENT_BACK), last)
    plan = ids.to_frame().join(of, on="account_id", how="left", maintain_order="left")["plan"]
    return held, lambda _: plan


def delivered(source_days, of, first, last, rules):
    held, plan = shown_by(source_days, of, first, last)
    return delivery.delivered(held, plan, first, last, rules)


def last_delivered(judged, source_days, of, day, used=()):
    held, plan = shown_by(source_days, of, day, day, used)
    flags = held.accounts.is_in(list(used)).to_numpy()
    ends = delivery.last_delivered(held, judged, plan, day, flags)
    return pl.DataFrame([held.accounts, ends.alias("observed_on")])


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
    judged = delivered(source_days, everybody, DAY, DAY + timedelta(days=10), rules)
    assert dict(judged.schema) == DELIVERED
    found = judged.filter(pl.col("day") == DAY)["delivered_known_on"].to_list()
    assert found == [known_on], why


def test_plans_are_judged_apart():
    rows = frame(*FIVE, shown("z", *REGULAR), *[shown(name, 0) for name in "abcde"])
    of = plans(**dict.fromkeys("abcde", "basic"), z=None)
    judged = delivered(rows, of, DAY, DAY, PLAIN)
    assert judged.select("plan", "delivered_known_on").rows() == [("basic", DAY), (None, None)]


def test_an_account_is_judged_by_its_plan_of_that_day():
    """z moves to a plan of its own on DAY: only from then on does its silence count there."""
    rows = frame(*FIVE, *[shown(name, 0, 1, 8, 15, 22, 29) for name in "abcde"], shown("z", 8))
    ids = pl.Series("account_id", list("abcdez"))
    held = Shown.of(rows, ids, DAY - timedelta(days=60), DAY)
    judged = delivery.delivered(
        held,
        lambda day: pl.Series(["basic"] * 5 + ["basic" if day < DAY else "own"]),
        DAY - timedelta(days=1),
        DAY,
        PLAIN,
    )
    assert judged.select("plan", "day").rows() == [
        ("basic", DAY - timedelta(days=1)),
        ("basic", DAY),
        ("own", DAY),
    ]


def test_sources_are_judged_apart():
    rows = frame(*FIVE, *[shown(name, 0) for name in "abcde"], shown("a", *REGULAR, source="crm"))
    judged = delivered(rows, BASIC, DAY, DAY, PLAIN)
    assert judged.select("source", "delivered_known_on").rows() == [("app", DAY), ("crm", None)]


def test_before_its_first_row_a_source_delivered_nothing():
    judged = delivered(frame(shown("a", 0)), BASIC, DAY - timedelta(days=3), DAY, PLAIN)
    assert judged["delivered_known_on"].to_list() == [None, None, None, DAY]


def test_rows_known_after_the_range_are_not_seen():
    rows = frame(shown("a", 0, late=3))
    assert delivered(rows, BASIC, DAY, DAY, PLAIN).is_empty()  # not even its source is known
    judged = delivered(rows, BASIC, DAY, DAY + timedelta(days=3), PLAIN)
    assert judged["delivered_known_on"][0] == DAY + timedelta(days=3)


def test_an_outage_of_weeks_is_never_zero():
    everyday = range(20, 60)
    rows = frame(*[shown(name, *everyday) for name in "abcde"])
    judged = delivered(rows, BASIC, DAY - timedelta(days=25), DAY, PLAIN)
    last = last_delivered(judged, rows, BASIC, DAY)
    assert last["observed_on"].unique().to_list() == [DAY - timedelta(days=20)]


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
    judged = delivered(source_days, BASIC, DAY - timedelta(days=100), today, PLAIN)
    found = last_delivered(judged, source_days, BASIC, today)
    of_a = found.filter(pl.col("account_id") == "a")["observed_on"].to_list()
    assert of_a == [DAY - timedelta(days=expected)], why


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
    judged = delivered(source_days, BASIC, DAY - timedelta(days=100), DAY, PLAIN)
    found = last_delivered(judged, source_days, BASIC, DAY, ["a"])
    of_a = found.filter(pl.col("account_id") == "a")["observed_on"].to_list()
    assert of_a == [expected if expected is None else DAY - timedelta(days=expected)], why
