"""A move as it is shown: from where to where, and parts that add up on the screen."""

from __future__ import annotations

from datetime import date
from math import floor

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.explanation.waterfall import waterfall
from health_pipeline.core.schemas.results import RESULT_TABLES

SINCE, DAY = date(2026, 3, 3), date(2026, 3, 10)


def moved(*parts):
    """Rows of one comparison: (signal, effect, points)."""
    delta = sum(points for *_, points in parts)
    columns = ("signal", "effect", "points")
    rows = [
        {"account_id": "a", "date": DAY, "compared_with": SINCE, "delta": delta}
        | dict(zip(columns, part, strict=True))
        for part in parts
    ]
    return RESULT_TABLES["score_changes"].conform(
        pl.DataFrame(rows, schema_overrides={"signal": pl.String})
    )


def test_the_known_answer_of_a_change():
    # science.md, "Known answers", row "change": 75.5 → 67.5.
    shown = waterfall(
        moved(
            ("adoption", "behaviour", -11.4),
            ("sponsor", "behaviour", 2.2),
            ("adoption", "weight", 0.4),
            ("sponsor", "weight", 0.8),
        ),
        67.5,
    )
    assert (shown.since, shown.start, shown.end) == (SINCE, 75.5, 67.5)
    assert shown.parts == (
        ("adoption", -11.4),
        ("sponsor", 2.2),
        ("sponsor (weight)", 0.8),
        ("adoption (weight)", 0.4),
    )


CASES = [
    ("behaviour goes without saying", ("usage_trend", "behaviour"), "usage trend"),
    ("other effects are named", ("usage_trend", "coverage"), "usage trend (coverage)"),
    ("another segment", (None, "segment"), "another segment"),
    ("records joined", (None, "identity"), "records that joined"),
]


@pytest.mark.parametrize(("why", "part", "name"), CASES, ids=[c[0] for c in CASES])
def test_what_a_part_is_called(why, part, name):
    assert waterfall(moved((*part, -3.0)), 50.0).parts == ((name, -3.0),)


def test_smaller_parts_stand_together():
    parts = [(f"s{n}", "behaviour", float(10 - n)) for n in range(9)]
    assert waterfall(moved(*parts), 90.0, most=6).parts[-1] == ("3 smaller parts", 9.0)
    seven = waterfall(moved(*parts[:7]), 90.0, most=6).parts
    assert seven[-1] == ("s6", 4.0), "a single one stands by itself"


@settings(deadline=None)
@given(st.lists(st.floats(-15, 15), min_size=1, max_size=20), st.floats(0, 100))
def test_what_is_shown_adds_up_from_the_first_score_to_the_last(points, score):
    shown = waterfall(moved(*((f"s{n}", "behaviour", p) for n, p in enumerate(points))), score)
    tenths = [round(one * 10) for _, one in shown.parts]
    assert round(shown.start * 10) + sum(tenths) == round(shown.end * 10)
    assert shown.end == floor(score * 10 + 1e-9) / 10
    assert len(shown.parts) <= 7
