from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.scoring.expansion import EXPANSION, expansion_index
from health_pipeline_tests.core.scoring.world import DAY

PARTS = {"use": ("seats", "trend"), "depth": ("features",), "content": ("tickets", "mood")}
READY = {"seats": 90.0, "trend": 80.0, "features": 95.0, "tickets": 100.0, "mood": 70.0}


def _signals(**changed):
    rows = [("a", DAY, name, subscore) for name, subscore in {**READY, **changed}.items()]
    schema = {
        "account_id": pl.String,
        "date": pl.Date,
        "signal": pl.String,
        "subscore": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("why", "changed", "index"),
    [
        ("the weakest part of 85, 95, 85", {}, 85.0),
        ("high usage with friction is no chance", {"tickets": 20.0, "mood": 40.0}, 30.0),
        ("few features", {"features": 10.0}, 10.0),
        ("what is not measured is left out of its part", {"mood": None}, 85.0),
        ("a part of which nothing is measured: unknown", {"features": None}, None),
        ("other signals are not asked", {"invoices": 0.0}, 85.0),
    ],
)
def test_expansion_index(why, changed, index):
    found = expansion_index(_signals(**changed), PARTS)
    assert dict(found.schema) == EXPANSION
    assert found.rows() == [("a", DAY, index)], why


def test_without_parts_or_signals_there_is_no_index():
    assert expansion_index(_signals(), {})["expansion_index"].to_list() == [None]
    assert expansion_index(_signals().clear(), PARTS).is_empty()
