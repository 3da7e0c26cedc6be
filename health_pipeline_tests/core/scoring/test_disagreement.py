from __future__ import annotations

from itertools import product

import polars as pl
import pytest

from health_pipeline.core.scoring.disagreement import DISAGREEMENT, disagreement
from health_pipeline_tests.core.scoring.world import DAY

VIEWS = {"ARR": "arr_trend", "the CSM": "sentiment"}
CASES = [
    ("all healthy", 90.0, 90.0, 90.0, None),
    ("all at risk", 10.0, 10.0, 10.0, None),
    ("the CSM knows more", 80.0, 90.0, 59.9, "healthy by score and ARR, at risk by the CSM"),
    ("the score alone warns", 59.9, 80.0, None, "healthy by ARR, at risk by score"),
    ("in between nobody disagrees", 70.0, 20.0, 60.0, None),
    ("two others disagree", None, 20.0, 80.0, "healthy by the CSM, at risk by ARR"),
    ("nothing but a score", 95.0, None, None, None),
]


def _rows(trend, mood):
    rows = [("a", DAY, "arr_trend", trend), ("a", DAY, "sentiment", mood)]
    names = ["account_id", "date", "signal", "subscore"]
    return pl.DataFrame(rows, names, orient="row", schema_overrides={"subscore": pl.Float64})


@pytest.mark.parametrize(("why", "score", "trend", "mood", "expected"), CASES)
def test_disagreement(why, score, trend, mood, expected):
    scores = pl.DataFrame(
        {"account_id": ["a", "b"], "date": [DAY] * 2, "score": [score, 10.0]},
        schema_overrides={"score": pl.Float64},
    )
    found = disagreement(scores, _rows(trend, mood), VIEWS)
    assert dict(found.schema) == DISAGREEMENT
    assert found["disagreement"].to_list() == [expected, None], why


def test_what_is_said_of_an_account_is_said_whoever_stands_beside_it():
    figures = list(product((90.0, 70.0, 10.0), repeat=3))
    names = [f"a{n:02}" for n in range(len(figures))]
    scores = pl.DataFrame(
        {"account_id": names, "date": [DAY] * len(names), "score": [one[0] for one in figures]}
    )
    signals = pl.concat(
        _rows(trend, mood).with_columns(account_id=pl.lit(name))
        for name, (_, trend, mood) in zip(names, figures, strict=True)
    )
    alone = [
        disagreement(one, signals, VIEWS)["disagreement"].item() for one in scores.iter_slices(1)
    ]
    assert disagreement(scores, signals, VIEWS)["disagreement"].to_list() == alone


def test_nobody_to_disagree():
    scores = pl.DataFrame({"account_id": ["a"], "date": [DAY], "score": [10.0]})
    assert disagreement(scores, _rows(90.0, 90.0), {})["disagreement"].to_list() == [None]
    assert disagreement(scores.clear(), _rows(90.0, 90.0), VIEWS).is_empty()
