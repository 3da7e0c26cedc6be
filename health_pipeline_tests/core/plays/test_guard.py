"""Recovery plans, the discount guard and coverage: tables of cases, and the law of the guard."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.plays.coverage import coverage
from health_pipeline.core.plays.guard import discount_guard
from health_pipeline.core.plays.recovery import PLANS, recovery_plans
from health_pipeline.core.schemas.results import RESULT_TABLES

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = DAY + timedelta(days=9)


def play(**changes):
    base = dict.fromkeys(RESULT_TABLES["plays"].columns) | {
        "play_id": "play-1",
        "account_id": "a",
        "play": "call",
        "status": "accepted",
        "owner_email": "csm@us.example",
        "due_at": NOON + timedelta(hours=24),
        "steps": [{"text": "call", "owner": "csm@us.example", "due": LATER}],
    }
    frame = pl.DataFrame([base | changes], schema=RESULT_TABLES["plays"].columns)
    return frame.with_columns(pl.lit(DAY).alias("date"))


def intervention(**changes):
    base = {
        "account_id": "a",
        "date": DAY,
        "intervention_id": "int-1",
        "started_at": NOON,
        "completed_at": None,
        "due_at": NOON + timedelta(days=9),
        "owner_email": "csm@us.example",
        "assignment": "treated",
    }
    moment = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        [base | changes],
        schema_overrides={"started_at": moment, "completed_at": moment, "due_at": moment},
    )


NO_PLAYS = play().clear()

PLAN_CASES = [
    ("accepted, owned, dated, open", play(), None, None),
    ("proposed only", play(status="proposed"), None, "nobody has accepted it yet"),
    ("nobody owns it", play(owner_email="unowned"), None, "nobody owns it"),
    ("no owner", play(owner_email=None), None, "nobody owns it"),
    ("done", play(status="done"), None, "it is closed"),
    (
        "its last step is past",
        play(steps=[{"text": "call", "owner": "o", "due": DAY}]),
        None,
        "it was due on 2026-03-10",
    ),
    ("an intervention that began", NO_PLAYS, intervention(), None),
    ("one that did not", NO_PLAYS, intervention(started_at=None), "nobody has accepted it yet"),
    ("one that ended", NO_PLAYS, intervention(completed_at=NOON), "it is closed"),
    (
        "one that is held out",
        NO_PLAYS,
        intervention(assignment="held_out"),
        "it is held out, to measure what plays do",
    ),
    ("one without a due date", NO_PLAYS, intervention(due_at=None), "it has no due date"),
    (
        "columns that no source has",
        NO_PLAYS,
        intervention().select("account_id", "date", "intervention_id"),
        "nobody has accepted it yet",
    ),
]


@pytest.mark.parametrize(
    ("why", "plays", "interventions", "lacks"), PLAN_CASES, ids=[case[0] for case in PLAN_CASES]
)
def test_what_is_a_recovery_plan(why, plays, interventions, lacks):
    found = recovery_plans(plays, interventions).row(0, named=True)
    assert (found["counts"], found["why_not"]) == (lacks is None, lacks)


def scores(tier):
    rows = [] if tier is None else [{"account_id": "a", "date": DAY, "tier": tier, "arr": 10.0}]
    shape = RESULT_TABLES["health_scores"].columns
    return pl.DataFrame([dict.fromkeys(shape) | row for row in rows], schema=shape)


def renewal(**changes):
    base = {
        "account_id": "a",
        "date": DAY,
        "source": "crm",
        "opportunity_id": "opp-1",
        "closed_on": None,
        "stage": "open",
        "discount_requested_pct": 15.0,
        "discount_approved_at": None,
        "recovery_plan_id": None,
    }
    return pl.DataFrame(
        [base | changes],
        schema_overrides={
            "closed_on": pl.Date(),
            "discount_approved_at": pl.Datetime("us", "UTC"),
            "recovery_plan_id": pl.String(),
        },
    )


GUARD_CASES = [
    (
        "green",
        {},
        play(status="proposed"),
        "allow",
        "The account is Green: no recovery plan is needed.",
    ),
    (
        "red",
        {},
        NO_PLAYS,
        "block",
        "The account is Red and has no recovery plan that a person accepted.",
    ),
    ("yellow", {}, play(), "allow", "The account is Yellow and recovers by plan play-1."),
    (
        "red",
        {"recovery_plan_id": "play-1"},
        play(status="proposed"),
        "block",
        "The account is Red and its plan play-1 does not count: nobody has accepted it yet.",
    ),
    (
        "red",
        {"recovery_plan_id": "play-7"},
        play(),
        "block",
        "The account is Red and has no plan play-7, which the renewal names.",
    ),
    (
        "unscored",
        {},
        NO_PLAYS,
        "block",
        "The account has no score and has no recovery plan that a person accepted.",
    ),
    (
        None,
        {},
        NO_PLAYS,
        "block",
        "The account is no customer of that day and has no recovery plan that a person accepted.",
    ),
]


@pytest.mark.parametrize(("tier", "asks", "plays", "decision", "why"), GUARD_CASES)
def test_who_may_have_a_discount(tier, asks, plays, decision, why):
    found = discount_guard(renewal(**asks), scores(tier), recovery_plans(plays, None))
    row = found.row(0, named=True)
    assert (row["decision"], row["why"]) == (decision, why)
    assert row["recovery_plan"] == ("play-1" if decision == "allow" and tier != "green" else None)


@pytest.mark.parametrize(
    "asks",
    [
        {"discount_requested_pct": None},
        {"discount_requested_pct": 0.0},
        {"closed_on": DAY},
        {"stage": "won"},
    ],
)
def test_only_open_renewals_that_ask_are_judged(asks):
    plans = recovery_plans(NO_PLAYS, None)
    asked = renewal(**asks).cast({"discount_requested_pct": pl.Float64})
    assert discount_guard(asked, scores("red"), plans).is_empty()


def test_interventions_that_two_systems_number_alike_decide_once():
    begun, waits = intervention(), intervention(started_at=None)
    for told in ([begun, waits], [waits, begun]):
        plans = recovery_plans(NO_PLAYS, pl.concat(told, how="vertical_relaxed"))
        found = discount_guard(renewal(recovery_plan_id="int-1"), scores("red"), plans)
        assert found["decision"].to_list() == ["allow"]


def test_without_renewals_nothing_is_asked():
    plans = recovery_plans(NO_PLAYS, None)
    assert discount_guard(None, scores("red"), plans).is_empty()
    assert discount_guard(renewal().drop("discount_requested_pct"), scores("red"), plans).is_empty()


PLAN = st.fixed_dictionaries(
    {
        "play_id": st.sampled_from(["play-1", "play-2"]),
        "status": st.sampled_from(["proposed", "accepted", "done"]),
        "owner_email": st.sampled_from([None, "unowned", "csm@us.example"]),
        "steps": st.sampled_from(
            [
                [{"text": "call", "owner": "o", "due": due}]
                for due in (DAY - timedelta(days=1), DAY, LATER)
            ]
        ),
    }
)


@settings(deadline=None)
@given(
    days=st.lists(
        st.tuples(
            st.sampled_from(["red", "yellow", "green", "unscored", None]),
            st.lists(PLAN, max_size=3, unique_by=lambda one: one["play_id"]),
            st.sampled_from([None, "play-1", "play-2", "play-3"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_sequence_of_states_approves_without_a_plan(days):
    for tier, made, named in days:
        plays = pl.concat([NO_PLAYS, *(play(**one) for one in made)])
        plans = recovery_plans(plays, None)
        row = discount_guard(renewal(recovery_plan_id=named), scores(tier), plans).row(
            0, named=True
        )
        sound = {
            one["play_id"]
            for one in made
            if one["status"] == "accepted"
            and one["owner_email"] == "csm@us.example"
            and one["steps"][0]["due"] > DAY
        }
        wanted = sound if named is None else sound & {named}
        assert (row["decision"] == "allow") == (tier == "green" or bool(wanted))
        assert row["decision"] == "block" or tier == "green" or row["recovery_plan"] in wanted


def test_coverage_counts_accounts_and_money_and_says_how_sure_it_is():
    shape = RESULT_TABLES["health_scores"].columns
    people = pl.DataFrame(
        [
            dict.fromkeys(shape) | {"account_id": f"r{n}", "date": DAY, "tier": "red", "arr": 10.0}
            for n in range(18)
        ]
        + [
            dict.fromkeys(shape) | {"account_id": tier, "date": DAY, "tier": tier, "arr": 5.0}
            for tier in ("yellow", "green")
        ],
        schema=shape,
    )
    plans = pl.DataFrame(
        [(f"r{n}", DAY, f"p{n}", n < 14, None) for n in range(16)], schema=PLANS, orient="row"
    )
    running = pl.concat([play(account_id=f"r{n}", status="proposed") for n in (13, 14, 15)])
    found = coverage(people, plans, running)
    assert found["tier"].to_list() == ["red", "yellow"]
    row = found.row(0, named=True)
    assert (row["accounts"], row["with_plan"], row["only_proposed"]) == (18, 14, 2)
    assert (row["arr"], row["arr_with_plan"]) == (180.0, 140.0)
    # science.md, "Known answers", row "Wilson": 14/18.
    assert (round(row["low"], 4), round(row["high"], 4)) == (0.5479, 0.91)


@pytest.mark.parametrize(
    ("why", "arr", "expected"),
    [
        ("known of some", [10.0, None], (10.0, 10.0)),
        ("known of those without a plan", [None, 10.0], (10.0, 0.0)),
        ("known of none", [None, None], (None, None)),
    ],
)
def test_money_that_nobody_knows_is_not_0(why, arr, expected):
    shape = RESULT_TABLES["health_scores"].columns
    rows = [{"account_id": f"r{n}", "date": DAY, "tier": "red", "arr": arr[n]} for n in (0, 1)]
    people = pl.DataFrame([dict.fromkeys(shape) | row for row in rows], schema=shape)
    plans = pl.DataFrame([("r0", DAY, "p0", True, None)], schema=PLANS, orient="row")
    row = coverage(people, plans, play(account_id="r0")).row(0, named=True)
    assert (row["arr"], row["arr_with_plan"]) == expected, why
