from __future__ import annotations

import numpy as np
import pytest

from health_pipeline.core.schemas.subscore import subscore
from health_pipeline.core.segments.knots import (
    fit_child,
    fit_root,
    in_order,
    prior,
    quantile_knots,
    shrink,
)
from health_pipeline.core.segments.params import SegmentRules
from health_pipeline_tests.core.scoring.world import DOWN, UP, spec

RULES = SegmentRules()
FLAT = (3.0, 3.0, 3.0, 3.0)
HALF_FLAT = (0.0, 5.0, 5.0, 9.0)

SUBSCORES = [
    ("below the first knot", UP, True, 0.1, 0.0),
    ("on the first ramp", UP, True, 0.325, 30.0),
    ("at a knot", UP, True, 0.45, 60.0),
    ("on the second ramp", UP, True, 0.575, 70.0),
    ("on the third ramp", UP, True, 0.8, 90.0),
    ("beyond the last knot", UP, True, 0.95, 100.0),
    ("lower is better: beyond the best", DOWN, False, 0.5, 100.0),
    ("lower is better: third ramp", DOWN, False, 3.5, 70.0),
    ("lower is better: first ramp", DOWN, False, 9.5, 30.0),
    ("lower is better: beyond the worst", DOWN, False, 20.0, 0.0),
    ("four equal knots, at them", FLAT, True, 3.0, 100.0),
    ("four equal knots, below", FLAT, True, 2.999, 0.0),
    ("four equal knots, lower is better, at them", FLAT, False, 3.0, 100.0),
    ("four equal knots, lower is better, above", FLAT, False, 3.001, 0.0),
    ("two equal knots give the better figure", HALF_FLAT, True, 5.0, 80.0),
    ("just below two equal knots", HALF_FLAT, True, 2.5, 30.0),
    ("no value, no subscore", UP, True, None, None),
]


@pytest.mark.parametrize(
    ("why", "knots", "up", "value", "expected"), SUBSCORES, ids=[case[0] for case in SUBSCORES]
)
def test_subscore(why, knots, up, value, expected):
    given = np.array([np.nan if value is None else value])
    found = subscore(given, [np.array([k]) for k in knots], higher_is_better=np.array([up]))
    assert found[0] == pytest.approx(np.nan if expected is None else expected, nan_ok=True), why


def test_quantile_knots_of_a_uniform_population():
    population = np.arange(0.0, 101.0)  # quantiles are their own percentages
    # .02 scores 0; 60 lies 20/25 of the way from .10 to .30; 80 15/20 from .30 to .60; .90 is 100
    assert quantile_knots(population, higher_is_better=True) == pytest.approx([2, 26, 52.5, 90])
    assert quantile_knots(population, higher_is_better=False) == pytest.approx([98, 74, 47.5, 10])


def test_quantile_knots_of_equal_values_are_equal():
    assert quantile_knots(np.full(9, 4.0), higher_is_better=False).tolist() == [4.0] * 4


def test_shrinkage_known_answer():
    assert float(shrink(0.35, 0.60, 20, 60.0)) == pytest.approx(0.5375)


@pytest.mark.parametrize(
    ("why", "knots", "up", "expected"),
    [
        ("ordered knots stay", UP, True, list(UP)),
        ("a dip is lifted", (1.0, 3.0, 2.0, 4.0), True, [1.0, 3.0, 3.0, 4.0]),
        ("lower is better: ordered stay", DOWN, False, list(DOWN)),
        ("lower is better: a rise is cut", (9.0, 3.0, 4.0, 1.0), False, [9.0, 3.0, 3.0, 1.0]),
    ],
)
def test_in_order(why, knots, up, expected):
    assert in_order(np.array(knots), higher_is_better=up).tolist() == expected, why


@pytest.mark.parametrize(
    ("why", "n", "own_share"),
    [
        ("nobody: the parent's", 0, 0.0),
        ("four accounts: the parent's", 4, 0.0),
        ("five lean on the parent", 5, 5 / 65),
        ("sixty count half", 60, 0.5),
    ],
)
def test_children_lean_on_their_parent(why, n, own_share):
    fitted = spec("s", knots="fit")
    parent = fit_root(np.arange(100.0), fitted, RULES)
    child = fit_child(np.full(n, 1000.0), parent, fitted, RULES)
    expected = parent.knots + own_share * (1000.0 - parent.knots)
    assert child.knots == pytest.approx(expected), why
    assert child.median == pytest.approx(parent.median + own_share * (1000.0 - parent.median)), why


def test_fewer_than_thirty_in_all_take_the_defaults():
    fitted = spec("s", knots="fit", default_knots=DOWN, higher_is_better=False)
    root = fit_root(np.full(29, 100.0), fitted, RULES)
    assert root.knots.tolist() == list(DOWN)
    assert root.median == 3.5
    assert fit_root(np.full(30, 100.0), fitted, RULES).knots.tolist() == [100.0] * 4


def test_literal_knots_are_never_shrunk():
    literal = spec("s", knots=UP)
    child = fit_child(np.full(50, 7.0), prior(literal), literal, RULES)
    assert child.knots.tolist() == list(UP)
    assert child.median == pytest.approx((50 * 7.0 + 60 * 0.575) / 110)
