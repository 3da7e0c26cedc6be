from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from health_pipeline.core.schemas.freshness import faded, freshness

SEVEN = np.array([7.0])

CASES = [
    ("within the ttl", 0, 1.0),
    ("the last fresh day", 7, 1.0),
    ("3/7 of a half-life beyond", 10, 0.743),
    ("one half-life", 14, 0.5),
    ("two", 21, 0.25),
    ("three", 28, 0.125),
    ("never seen", None, None),
]


@pytest.mark.parametrize(("why", "age", "expected"), CASES)
def test_known_answers_of_ttl_7_half_life_7(why, age, expected):
    frame = pl.DataFrame({"age": [age], "ttl": [7.0]}, schema={"age": pl.Int64, "ttl": pl.Float64})
    by_number = frame.select(freshness(pl.col("age"), 7.0, 7.0)).item()
    by_column = frame.select(freshness(pl.col("age"), pl.col("ttl"), pl.col("ttl"))).item()
    assert by_number == by_column == pytest.approx(expected, abs=5e-4), why
    by_array = faded(frame["age"].cast(pl.Float64).fill_null(np.nan).to_numpy(), SEVEN, SEVEN)
    known = np.nan if expected is None else expected
    assert by_array[0] == pytest.approx(known, abs=5e-4, nan_ok=True), why


def test_exactly_half_is_half():
    assert pl.select(freshness(pl.lit(14), 7.0, 7.0)).item() == 0.5
    assert faded(np.array([14.0]), SEVEN, SEVEN)[0] == 0.5
