"""Scores as people see them: the same in a table, in a sentence and on a terminal."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.schemas.words import grouped, score_text, score_words

SHOWN = [
    ("no Yellow reads 80.0", 79.99, "79.9"),
    ("a border is shown as it is", 80.0, "80.0"),
    ("binary noise is no tenth", 0.1 + 0.2, "0.3"),
    ("the end of the scale", 100.0, "100.0"),
]


@pytest.mark.parametrize(("why", "score", "expected"), SHOWN, ids=[c[0] for c in SHOWN])
def test_a_score_is_floored_to_one_decimal(why, score, expected):
    assert score_words(score) == expected


def test_no_score_is_a_dash():
    assert score_words(None) == "-"


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 100))
def test_a_terminal_and_a_sentence_say_the_same(score):
    assert pl.select(score_text(pl.lit(score))).item() == score_words(score)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | st.integers(-(2**62), 2**62)))
def test_thousands_are_set_apart_as_python_does(numbers):
    told = pl.Series("n", numbers, pl.Int64).to_frame().select(grouped(pl.col("n"))).to_series()
    assert told.to_list() == [None if number is None else f"{number:,}" for number in numbers]
