from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.scoring.gates import GATES
from health_pipeline.core.scoring.health_scores import health_scores
from health_pipeline.core.scoring.tiers import HELD
from health_pipeline_tests.core.scoring.world import DAY, accounts, scored, spec, values

AT = datetime(2026, 4, 1, 5, tzinfo=UTC)
SPECS = [spec("s1", 100.0)]


def _assembled(value, held, tier, gate=(None, None, None, None)):
    people = accounts([{"account_id": "a", "arr": 5000.0}])
    status = "missing" if value is None else "measured"
    raw = scored(values([("a", "s1", value, status)]), people, SPECS).raw
    return health_scores(
        raw,
        pl.DataFrame([("a", DAY, held, tier, DAY)], schema=HELD, orient="row"),
        pl.DataFrame([("a", DAY, *gate)], schema=GATES, orient="row"),
        model_version="v1",
        scored_at=AT,
    )


CAPPED = ("yellow", "core_use", "core use is in risk", None)
SEVERE = ("red", "sponsor_gone", "sponsor gone", None)
BLIND = (None, None, None, "sponsor")
BOTH = ("yellow", "core_use", "core use is in risk", "sponsor")
UNSAID = "not evaluated, because not measured: sponsor"
CASES = [
    ("no gate", 90.0, "green", "green", (None,) * 4, None, None),
    ("a gate lowers the tier", 90.0, "green", "yellow", CAPPED, *CAPPED[1:3]),
    ("a gate that lowers nothing is silent", 50.0, "red", "red", CAPPED, None, None),
    ("a gate that could not be asked says so", 90.0, "green", "green", BLIND, None, UNSAID),
    ("both", 90.0, "green", "yellow", BOTH, "core_use", f"core use is in risk; {UNSAID}"),
    ("a tier rests at another than the gate leaves", 40.0, "green", "yellow", SEVERE, None, None),
    ("the worst tier has nothing to lose", 50.0, "red", "red", BLIND, None, None),
    ("unscored has no gate", None, None, "unscored", BOTH, None, None),
]


@pytest.mark.parametrize(
    ("why", "value", "held", "tier", "given", "gate", "reason"), CASES, ids=[c[0] for c in CASES]
)
def test_gates_stand_where_they_matter(why, value, held, tier, given, gate, reason):
    row = _assembled(value, held, tier, given).row(0, named=True)
    assert (row["gate"], row["gate_reason"]) == (gate, reason), why
    assert (row["tier"], row["held_tier"]) == (tier, held), why


def test_the_whole_row():
    found = _assembled(90.0, "green", "green")
    assert dict(found.schema) == RESULT_TABLES["health_scores"].columns
    assert found.row(0, named=True) == {
        "account_id": "a",
        "date": DAY,
        "score": 90.0,
        "tier": "green",
        "tier_since": DAY,
        "tier_by_score": "green",
        "gate": None,
        "gate_reason": None,
        "coverage": 1.0,
        "groups_scored": "value_use",
        "trend_30d": None,
        "expansion_index": None,
        "churn_probability": None,
        "arr": 5000.0,
        "due": False,
        "segment": "default",
        "scored_at": AT,
        "model_version": "v1",
        "held_tier": "green",
        "frozen_by": None,
        "disagreement": None,
    }
