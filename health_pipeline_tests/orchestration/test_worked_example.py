"""The page of `contributions` shows how the lowest score of the last day came about (R74)."""

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.explanation.work import markdown
from health_pipeline.orchestration.worked import lowest_scored, worked
from health_pipeline_tests.orchestration.conftest import LAST
from health_pipeline_tests.orchestration.test_runs import metadata
from health_pipeline_tests.worked import reckoned


def test_the_lowest_score_is_worked_out(ran):
    with ran.house.open() as stores:
        scores = stores.lake.frame("health_scores", LAST, LAST)
        lowest = scores.drop_nulls("score").sort("score", "account_id").row(0, named=True)
        sections = worked(stores, lowest["account_id"], LAST)
        assert worked(stores, "acc_nobody", LAST) == []
    found = reckoned(sections)
    assert found.score == pytest.approx(lowest["score"], abs=1e-6)
    assert (found.raw_tier, found.tier) == (lowest["tier_by_score"], lowest["tier"])
    page = metadata(ran.ranged, "contributions")["worked_example"].value
    title = f"How {lowest['account_id']} got its score on {LAST}, the lowest of the day"
    assert page == markdown(title, sections)


LOWEST = [
    ("the lowest", {"a": 50.0, "b": 40.0, "c": None}, "b"),
    ("of equal ones the first id", {"b": 40.0, "a": 40.0}, "a"),
    ("nobody has a score", {"a": None}, None),
    ("nobody", {}, None),
]


@pytest.mark.parametrize(("why", "scores", "expected"), LOWEST, ids=[c[0] for c in LOWEST])
def test_which_account_is_shown(why, scores, expected):
    schema = {"account_id": pl.String(), "score": pl.Float64()}
    rows = pl.DataFrame(list(scores.items()), schema=schema, orient="row")
    assert lowest_scored(rows) == expected, why
