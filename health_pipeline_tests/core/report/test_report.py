"""The figures of the report: they add up, stand in order, and say what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_pipeline.core.report.details import history_days
from health_pipeline.core.report.order import ALL_DETAILS, MOST_MOVERS, movers, ordered
from health_pipeline.core.report.parts import MOST_PARTS, adding_up
from health_pipeline.core.report.portfolio import portfolio
from health_pipeline.core.report.quality import unowned
from health_pipeline.core.report.renewals import renewals
from health_pipeline.core.report.report import report
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.words import NOT_ASKED
from health_pipeline.core.scoring.display import shown_parts
from health_pipeline_tests.core.report.world import BANDS, DAY, words, world

READ = world(120, at_risk=0.6)
REPORT = report(READ, words())
DETAILS = [
    {name: values[n] for name, values in columns.items()}
    for columns in REPORT.details
    for n in range(len(columns["since"]))
]


def tenths(score: float | None) -> int | None:
    return None if score is None else int(score * 10 + 1e-8)


def test_tiers_and_parts_count_every_account_once():
    found = portfolio(READ, BANDS)
    arr = READ.scores["arr"].sum()
    for part in ("tiers", "segments", "bands"):
        assert sum(row["accounts"] for row in found[part]) == 120
        assert sum(row["arr"] or 0 for row in found[part]) == pytest.approx(arr)
    at_risk = READ.scores.filter(pl.col("tier").is_in(["red", "yellow"]))["arr"].sum()
    assert sum(row["arr_at_risk"] for row in found["segments"]) == pytest.approx(at_risk)
    assert [row["name"] for row in found["bands"]] == [
        b for b in BANDS if b in {r["name"] for r in found["bands"]}
    ]
    trend = found["trend"]
    assert trend["date"] == history_days(READ)
    assert [sum(trend[tier][n] for tier in REPORT.head["tiers"]) for n in range(91)] == [120] * 91


def test_a_tier_without_accounts_holds_no_arr():
    healthy = replace(READ, history=READ.history.filter(pl.col("tier") != "red"))
    red = next(row for row in portfolio(healthy, BANDS)["tiers"] if row["tier"] == "red")
    assert (red["accounts"], red["arr"]) == (0, 0.0)


def test_arr_that_nobody_tells_is_not_nothing():
    silent = replace(READ, history=READ.history.with_columns(arr=pl.lit(None, pl.Float64)))
    assert {row["arr"] for row in portfolio(silent, BANDS)["tiers"]} == {None}


def test_accounts_that_need_a_look_stand_first():
    order = ordered(READ).join(READ.scores, "account_id", "left", maintain_order="left")
    tiers = order["tier"].to_list()
    red = tiers.count("red")
    assert red > 3
    assert tiers[:red] == ["red"] * red
    arr = order["arr"].head(red).to_list()
    assert arr == sorted(arr, reverse=True)
    assert order["has_details"].all(), "a small portfolio has those of everybody"


def test_a_large_portfolio_opens_those_at_risk_movers_and_unscored_only():
    large = world(ALL_DETAILS + 50)
    order = ordered(large).join(large.scores, "account_id", "left", maintain_order="left")
    moved = set(movers(large)["account_id"])
    closed = order.filter(~pl.col("has_details"))
    assert set(closed["tier"]) == {"green"}
    assert not moved & set(closed["account_id"])
    opened = order["has_details"].to_list()
    assert opened == sorted(opened, reverse=True), "those with details come first"


def test_what_moved_adds_up_to_the_shown_move():
    rows = REPORT.rows
    seen = 0
    for n, detail in enumerate(DETAILS):
        if detail["m_tenths"]:
            seen += 1
            assert len(detail["m_tenths"]) <= MOST_PARTS + 1
            assert sum(detail["m_tenths"]) == rows["moved"][n]
    assert seen > 100


def test_points_add_up_to_the_shown_score():
    for n, detail in enumerate(DETAILS):
        score = REPORT.rows["score"][n]
        assert (detail["d_points"] is None) == (score is None)
        if score is not None:
            assert sum(detail["d_points"]) == score
            assert detail["d_vs"] == sorted(detail["d_vs"])


def test_the_history_ends_at_the_score_of_the_day():
    for n, detail in enumerate(DETAILS):
        walk = [change for change in detail["scores"] if change is not None]
        if REPORT.rows["score"][n] is not None:
            assert sum(walk) == REPORT.rows["score"][n]
        assert len(detail["scores"]) == len(detail["tiers"]) == 91


def test_movers_are_the_largest_falls_and_rises():
    large = world(900)
    found = movers(large)["moved"]
    assert found.len() == 2 * MOST_MOVERS
    assert found.is_sorted()
    assert (found.abs() >= 1).all()


def test_without_a_day_a_week_ago_nothing_has_moved():
    young = replace(READ, history=READ.history.filter(pl.col("date") > DAY - timedelta(days=7)))
    head = report(young, words()).head
    assert head["movers"]["since"] is None
    assert head["movers"]["ids"] == []
    assert {row["accounts_week_ago"] for row in head["portfolio"]["tiers"]} == {None}


@given(
    st.lists(st.lists(st.floats(-40, 40), min_size=1, max_size=12), min_size=1, max_size=4),
    st.floats(-0.0999, 0.0999),
)
def test_parts_add_up_whatever_is_shown(accounts, beside):
    totals = [int((sum(parts) + beside) * 10) / 10 for parts in accounts]
    frame = pl.DataFrame({"account_id": range(len(accounts)), "part": accounts, "total": totals})
    shown = frame.explode("part").with_columns(shown=adding_up(pl.col("part"), pl.col("total")))
    sums = shown.group_by("account_id", maintain_order=True).agg(pl.col("shown").sum())["shown"]
    assert sums.to_list() == [round(total * 10) for total in totals]
    for parts, total, mine in zip(accounts, totals, shown.partition_by("account_id"), strict=True):
        try:
            assert mine["shown"].to_list() == [round(p * 10) for p in shown_parts(parts, total)]
        except ValueError:  # a total that no rounding shows: the first part takes what is left
            assert abs(mine["shown"][0] - parts[0] * 10) < 3


ID, OTHER = READ.scores["account_id"][0], READ.scores["account_id"][1]
GUARD = RESULT_TABLES["discount_guard"]


def crm(**columns):
    """One open renewal of an account, due tomorrow, with `columns` in place of its own."""
    row = {"source": "crm", "opportunity_id": "o1", "account_id": ID, "kind": "renewal"}
    row |= {"close_on": DAY + timedelta(days=1), "stage": "open", "amount": 1000.4, **columns}
    return pl.DataFrame([row])


@pytest.mark.parametrize(
    ("why", "table", "days", "long_overdue"),
    [
        ("due tomorrow", crm(), [1], 0),
        ("on the day itself", crm(close_on=DAY), [0], 0),
        ("on the 90th day", crm(close_on=DAY + timedelta(days=90)), [90], 0),
        ("later", crm(close_on=DAY + timedelta(days=91)), [], 0),
        ("in the past, and open", crm(close_on=DAY - timedelta(days=3)), [-3], 0),
        ("long past: counted, not listed", crm(close_on=DAY - timedelta(days=400)), [], 1),
        ("won", crm(stage="won"), [], 0),
        ("closed, whatever its stage", crm(closed_on=DAY), [], 0),
        ("an expansion is none", crm(kind="expansion"), [], 0),
        ("nobody says a stage", crm(stage=None), [1], 0),
        ("no such column", crm().drop("stage", "amount"), [1], 0),
        ("of nobody who is a customer", crm(account_id="acc_gone"), [], 0),
    ],
)
def test_which_renewals_are_listed(why, table, days, long_overdue):
    found = renewals(replace(READ, renewals=table), "USD")
    assert found["from_crm"]
    assert found["rows"]["days"] == days, why
    assert found["long_overdue"] == long_overdue, why


@pytest.mark.parametrize(
    ("currency", "amounts", "total", "foreign"),
    [
        ("USD", [1000, 1000], 2000.8, 0),
        ("usd", [1000, 1000], 2000.8, 0),
        (None, [1000, 1000], 2000.8, 0),
        ("JPY", [1000, None], 1000.4, 1),
    ],
)
def test_money_of_another_currency_is_in_no_sum(currency, amounts, total, foreign):
    table = pl.concat([crm(currency="USD"), crm(opportunity_id="o2", currency=currency)])
    found = renewals(replace(READ, renewals=table), "USD")
    assert found["rows"]["amount"] == amounts
    assert (found["amount"], found["foreign"]) == (pytest.approx(total), foreign)


def test_a_renewal_stands_with_what_the_guard_decided():
    guard = GUARD.empty().clear(n=1).with_columns(
        source=pl.lit("crm"), opportunity_id=pl.lit("o1"), account_id=pl.lit(ID),
        decision=pl.lit("block"), why=pl.lit("The account is Red."),
    )  # fmt: skip
    asking = replace(READ, renewals=crm(discount_requested_pct=15.0), guard=guard)
    found = renewals(asking, "USD")["rows"]
    assert (found["asked"], found["decision"]) == ([15.0], ["block"])
    assert found["why"] == ["The account is Red."]
    assert found["amount"] == [1000]


def test_without_a_renewals_table_contracts_say_when():
    ends = READ.accounts.with_columns(
        renews_on=pl.when(pl.col("account_id") == ID).then(DAY + timedelta(days=9))
        .when(pl.col("account_id") == OTHER).then(DAY - timedelta(days=9))
    )  # fmt: skip
    found = renewals(replace(READ, accounts=ends), "USD")
    assert not found["from_crm"]
    assert (found["rows"]["id"], found["rows"]["days"]) == ([ID], [9])


def test_who_nobody_owns():
    nobody = READ.accounts.with_columns(owner_email=pl.lit(None, pl.String))
    at_risk = READ.scores.filter(pl.col("tier").is_in(["red", "yellow"]))
    found = unowned(replace(READ, accounts=nobody))
    assert found["accounts"] == at_risk.height
    assert found["arr"] == pytest.approx(at_risk["arr"].sum())


def test_whose_owner_left():
    owner = READ.accounts.join(READ.scores.filter(pl.col("tier") == "red"), "account_id", "semi")[
        "owner_email"
    ].drop_nulls()[0]
    gone = replace(READ, gone=frozenset({owner}))
    assert unowned(gone)["accounts"] > unowned(READ)["accounts"]
    rows = report(gone, words()).rows
    pairs = zip(rows["owner"], rows["gone"], strict=True)
    assert all(left == int(mail == owner) for mail, left in pairs)


def test_an_account_that_no_table_names_is_there_all_the_same():
    found = report(replace(READ, accounts=READ.accounts.clear()), words())
    assert set(found.rows["name"]) == set(found.rows["owner"]) == {None}
    assert len(found.rows["id"]) == 120


GATES = [
    # why, gate, gate_reason, what the page calls the cap
    ("no gate", None, None, None),
    ("gates that could not be asked cap nothing", None, f"{NOT_ASKED}quiet_churn", None),
    ("a cap", "late", "a milestone is late", "a milestone is late"),
    ("beside gates not asked", "late", f"is late; {NOT_ASKED}quiet_churn, usage", "is late"),
]


@pytest.mark.parametrize(("why", "gate", "reason", "cap"), GATES, ids=[case[0] for case in GATES])
def test_what_caps_the_tier(why, gate, reason, cap):
    text = [pl.lit(gate, pl.String).alias("gate"), pl.lit(reason, pl.String).alias("gate_reason")]
    first = next(report(replace(READ, scores=READ.scores.with_columns(text)), words()).details)
    assert set(first["gate"]) == {cap}


def test_a_signal_that_the_model_has_dropped_keeps_its_name():
    dropped = READ.contributions["signal"][0]
    without = {name: group for name, group in words().groups.items() if name != dropped}
    found = report(READ, replace(words(), groups=without))
    names = found.head["words"]["signals"]
    assert found.head["words"]["groups"][names.index(dropped)] is None
    told = next(lists for lists in next(found.details)["d_signal"] if lists)
    assert dropped in {names[place] for place in told}


def test_an_empty_lake_is_a_report_of_nothing():
    nothing = {
        name: getattr(READ, name).clear()
        for name in (
            *("scores", "history", "segments", "contributions", "signals", "reasons", "changes"),
            *("narratives", "accounts", "plays"),
        )
    }
    found = report(replace(READ, day=None, planned=READ.planned.clear(), **nothing), words())
    assert found.head["day"] is None
    assert found.head["accounts"] == 0
    assert list(found.details) == []
    assert found.rows["id"] == []
