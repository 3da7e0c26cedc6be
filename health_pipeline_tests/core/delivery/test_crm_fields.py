from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.delivery.crm_fields import Beside, as_export, crm_fields
from health_pipeline.core.delivery.params import CrmRules
from health_pipeline.core.schemas.results import CRM_FIELDS
from health_pipeline.core.schemas.time import end_of
from health_pipeline_tests.core.schemas.worlds import ACCOUNT, DAY, table

SCORE = {
    "score": 79.99,
    "tier": "yellow",
    "tier_since": DAY,
    "trend_30d": -3.14159,
    "coverage": 0.98765,
    "model_version": "v1",
    "scored_at": end_of(DAY),
}
REASONS = [
    *({"direction": "risk", "rank": n, "reason_code": f"code_{n}"} for n in (1, 2, 3)),
    {"direction": "strength", "rank": 1, "reason_code": "fine"},
]
PLAY = {
    "play_id": "p",
    "play": "rescue",
    "opened_at": end_of(DAY),
    "due_at": end_of(DAY + timedelta(days=1)),
}
NARRATIVE = {"headline": "Acme is Yellow at 79.9", "text": "Two sentences."}
NO_XREF = pl.DataFrame(schema={"source_account_id": pl.String, "account_id": pl.String})


def records(renewals=None, xref=NO_XREF, plays=(), rules=None, score=SCORE, beside=None):
    return crm_fields(
        table("health_scores", [score]),
        table("reason_codes", REASONS),
        table("narratives", [NARRATIVE]),
        table("plays", list(plays)),
        renewals,
        xref,
        rules or CrmRules(),
        beside,
    )


def renewals(*rows):
    base = {
        "account_id": ACCOUNT,
        "date": DAY,
        "kind": "renewal",
        "stage": "open",
        "closed_on": None,
    }
    return pl.DataFrame([base | row for row in rows], schema_overrides={"closed_on": pl.Date})


TRENDS = [
    # why, score, trend, shown: 83.1 to 79.9 is −3.2
    ("from one shown score to the other", 79.99, -3.14159, -3.2),
    ("no sign of nothing", 79.95, -0.03, 0.0),
    ("a tenth is crossed", 80.0, 0.01, 0.1),
    ("not known", 79.99, None, None),
]


@pytest.mark.parametrize(
    ("why", "score", "trend", "shown"), TRENDS, ids=[case[0] for case in TRENDS]
)
def test_the_trend_is_between_shown_scores(why, score, trend, shown):
    row = records(score=SCORE | {"score": score, "trend_30d": trend}).row(0, named=True)
    assert str(row["health_trend_30d"]) == str(shown)


def test_the_fields_in_full():
    row = records(plays=[PLAY | {"status": "proposed"}]).row(0, named=True)
    assert {name: row[name] for name in CRM_FIELDS} == {
        "health_score": 79.9,
        "health_tier": "yellow",
        "health_tier_since": DAY,
        "health_reason_codes": "code_1;code_2;code_3",
        "health_narrative": "Acme is Yellow at 79.9. Two sentences.",
        "health_trend_30d": -3.2,
        "health_coverage": 0.987,
        "health_churn_probability": None,
        "health_next_play": "rescue",
        "health_next_play_due": date(2026, 3, 11),
        "health_recovery_plan_status": "proposed",
        "health_discount_guard": None,
        "health_model_version": "v1",
        "health_scored_at": end_of(DAY),
        "health_tier_override": None,
        "health_override_reason": None,
        "health_override_until": None,
    }


SAID = {"why": "they told us", "author": "dana", "until": date(2026, 4, 1)}
OVERRIDES = [
    ("another tier", {"tier_override": "red", "muted": False}, "red", "they told us (dana)"),
    ("a mute", {"tier_override": None, "muted": True}, None, "muted: they told us (dana)"),
]


@pytest.mark.parametrize(
    ("why", "said", "tier", "reason"), OVERRIDES, ids=[c[0] for c in OVERRIDES]
)
def test_what_a_person_says_stands_beside_the_tier(why, said, tier, reason):
    row = records(beside=Beside(table("overrides", [SAID | said]))).row(0, named=True)
    shown = [row[name] for name in CRM_FIELDS if "override" in name]
    assert shown == [tier, reason, date(2026, 4, 1)]
    assert row["health_tier"] == "yellow"


def test_what_is_said_of_another_account_or_day_is_not_shown():
    for other in ({"account_id": "zz"}, {"date": DAY - timedelta(days=1)}):
        said = table("overrides", [SAID | {"tier_override": "red", "muted": False} | other])
        assert records(beside=Beside(said)).row(0, named=True)["health_tier_override"] is None


XREF = pl.DataFrame({"account_id": [ACCOUNT, ACCOUNT], "source_account_id": ["crm-1", "crm-2"]})
RECORDS = [
    ("no CRM record: our id", None, NO_XREF, [("account", ACCOUNT)]),
    ("its CRM record", None, XREF[:1], [("account", "crm-1")]),
    ("each of several", None, XREF, [("account", "crm-1"), ("account", "crm-2")]),
    (
        "open renewals and expansions",
        renewals({"opportunity_id": "r1"}, {"opportunity_id": "e1", "kind": "expansion"}),
        XREF[:1],
        [("account", "crm-1"), ("opportunity", "e1"), ("renewal", "r1")],
    ),
    (
        "not those that are over",
        renewals(
            {"opportunity_id": "r1", "stage": "won"}, {"opportunity_id": "r2", "closed_on": DAY}
        ),
        XREF[:1],
        [("account", "crm-1")],
    ),
    (
        "no stage known: open",
        renewals({"opportunity_id": "r1"}).drop("stage"),
        XREF[:1],
        [("account", "crm-1"), ("renewal", "r1")],
    ),
    (
        "of an account without a score",
        renewals({"opportunity_id": "r1", "account_id": "zz"}),
        XREF[:1],
        [("account", "crm-1")],
    ),
]


@pytest.mark.parametrize(("why", "deals", "xref", "expected"), RECORDS, ids=[c[0] for c in RECORDS])
def test_which_records(why, deals, xref, expected):
    rows = records(deals, xref)
    assert rows.select("record_type", "record_id").rows() == expected
    assert rows.select(*CRM_FIELDS).unique().height == 1  # the same fields on each


STATUSES = [
    ("none runs", [], "none", None),
    ("proposed", [PLAY | {"status": "proposed"}], "proposed", "rescue"),
    ("accepted", [PLAY | {"status": "accepted", "accepted_at": end_of(DAY)}], "accepted", "rescue"),
    ("done: nothing is next", [PLAY | {"status": "done"}], "done", None),
    ("closed", [PLAY | {"status": "closed", "closed_at": end_of(DAY)}], "none", None),
]


@pytest.mark.parametrize(("why", "plays", "status", "play"), STATUSES, ids=[c[0] for c in STATUSES])
def test_recovery_plan_status(why, plays, status, play):
    row = records(plays=plays).row(0, named=True)
    assert (row["health_recovery_plan_status"], row["health_next_play"]) == (status, play)


PLANS = [
    ("an intervention of the CRM counts", [], [True, False], "accepted"),
    ("though our play waits", [PLAY | {"status": "proposed"}], [True], "accepted"),
    ("one that does not count", [PLAY | {"status": "proposed"}], [False], "proposed"),
    ("nor does any", [], [False], "none"),
]


@pytest.mark.parametrize(("why", "plays", "counts", "status"), PLANS, ids=[c[0] for c in PLANS])
def test_an_intervention_may_be_the_recovery_plan(why, plays, counts, status):
    plans = pl.DataFrame([{"account_id": ACCOUNT, "date": DAY, "counts": one} for one in counts])
    row = records(plays=plays, beside=Beside(plans=plans)).row(0, named=True)
    assert row["health_recovery_plan_status"] == status


def test_rules():
    rules = CrmRules(record_types=("renewal",), reason_codes=1)
    row = records(renewals({"opportunity_id": "r1"}), rules=rules).row(0, named=True)
    assert (row["record_type"], row["health_reason_codes"]) == ("renewal", "code_1")


def test_unscored_stays_unscored():
    row = records(score=SCORE | {"score": None, "tier": "unscored", "trend_30d": None}).row(
        0, named=True
    )
    assert (row["health_score"], row["health_trend_30d"], row["health_tier"]) == (
        None,
        None,
        "unscored",
    )


@pytest.mark.parametrize(
    ("decisions", "told"), [([], None), (["allow"], "allow"), (["allow", "block"], "block")]
)
def test_one_blocked_request_is_what_the_account_shows(decisions, told):
    asked = [{"opportunity_id": f"opp-{n}", "decision": one} for n, one in enumerate(decisions)]
    beside = Beside(guard=table("discount_guard", asked))
    assert records(beside=beside)["health_discount_guard"].unique().to_list() == [told]


def test_a_file_for_people_holds_no_formula_and_leaves_what_names_a_record():
    hostile = {"health_narrative": "=1+1 is Red at 12.0", "record_id": "-007"}
    rows = records().with_columns(pl.lit(text).alias(name) for name, text in hostile.items())
    found = as_export(rows)
    assert found["health_narrative"].to_list() == ["'=1+1 is Red at 12.0"]
    assert found.drop("health_narrative").equals(rows.drop("health_narrative"))
