"""The cheapest path: the known answer, and that no cheaper one exists."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import linprog

from health_pipeline.core.explanation.path import Demand, Lever, cheapest_path

NAMES = "abcdef"


def levers(weights, subscores, caps, efforts):
    return [
        Lever(name, w, s, cap, effort, f"lift_{name}")
        for name, w, s, cap, effort in zip(NAMES, weights, subscores, caps, efforts, strict=False)
    ]


FOUR = levers((0.3, 0.25, 0.25, 0.2), (40, 70, 60, 90), (85, 90, 100, 100), (2, 1, 3, 1))


def lifts(path):
    return {step.signal: pytest.approx(step.end - step.start) for step in path.steps}


def test_the_known_answer_of_the_path_to_green():
    # science.md, "Known answers", row "path to Green".
    path = cheapest_path(FOUR, 62.5, 80)
    assert path.needs == 17.5
    assert lifts(path) == {"a": 35, "b": 20, "d": 10}
    assert path.effort == pytest.approx(100)
    assert path.best == pytest.approx(93)
    assert path.reaches


def test_what_cannot_be_reached_says_so_and_gives_the_best():
    path = cheapest_path(FOUR, 62.5, 95)
    assert not path.reaches
    assert lifts(path) == {"a": 45, "b": 20, "c": 40, "d": 10}
    assert 62.5 + sum(step.points for step in path.steps) == pytest.approx(path.best)


def test_nobody_is_sent_to_lift_what_cannot_be_acted_on():
    path = cheapest_path(levers((0.5, 0.5), (40, 40), (100, 100), (None, 1)), 40, 65)
    assert lifts(path) == {"b": 50}


def test_a_gate_is_lifted_first_and_its_points_count():
    path = cheapest_path(FOUR, 62.5, 80, [Demand("core", {"a": 60.0}, 1)])
    assert path.steps[0].signal == "a"
    assert lifts(path) == {"a": 35, "b": 20, "d": 10}


def test_of_a_gate_that_counts_the_cheapest_part_is_lifted():
    path = cheapest_path(FOUR, 62.5, 60, [Demand("two_warnings", {"a": 60.0, "c": 70.0}, 1)])
    assert lifts(path) == {"c": 10}
    assert path.needs == 0


def test_a_gate_on_what_nobody_can_act_on_blocks():
    stuck = levers((0.5, 0.5), (40, 90), (100, 100), (None, 1))
    path = cheapest_path(stuck, 65, 60, [Demand("sponsor_left", {"a": 60.0}, 1)])
    assert path.blocked == ("sponsor_left",)
    assert not path.reaches


SUBSCORE = st.floats(0, 100)


@settings(deadline=None)
@given(
    parts=st.lists(
        st.tuples(st.floats(0.01, 1), SUBSCORE, SUBSCORE, st.floats(0.1, 5)), min_size=1, max_size=6
    ),
    border=SUBSCORE,
)
def test_no_cheaper_path_exists(parts, border):
    weights, subscores, caps, efforts = (np.array(column) for column in zip(*parts, strict=True))
    weights = weights / weights.sum()
    score = float(weights @ subscores)
    path = cheapest_path(levers(weights, subscores, caps, efforts), score, border)
    rooms = np.maximum(0, caps - subscores)
    if not path.reaches:
        assert score + weights @ rooms < border + 1e-6
        return
    needs = max(0.0, border - score)
    cheapest = linprog(
        efforts, A_ub=[-weights], b_ub=[-needs], bounds=[(0, room) for room in rooms]
    )
    assert path.effort == pytest.approx(cheapest.fun, rel=1e-6, abs=1e-6)
    assert sum(step.points for step in path.steps) == pytest.approx(needs, abs=1e-8)
