"""Known answers, and the weighted bootstrap figures against the libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.calibration import metrics
from health_pipeline.core.calibration.bootstrap import draws, percentile_interval, separation
from health_pipeline.core.calibration.intervals import wilson

LOST = np.array([1, 0, 1, 0, 0, 0, 1, 0], dtype=bool)
SCORE = np.array([35, 82, 58, 61, 90, 55, 70, 85], dtype=float)
RED = SCORE < 60

KNOWN = [
    ("AUC: churn means a low score", metrics.auc(LOST, -SCORE), 0.8),
    ("average precision", metrics.average_precision(LOST, -SCORE), 0.75556),
    ("Kolmogorov–Smirnov", metrics.ks(LOST, -SCORE), 0.6),
    ("recall at Red", metrics.share(RED, LOST), 0.6667),
    ("false alarms at Red", metrics.share(RED, ~LOST), 0.2),
]


@pytest.mark.parametrize(("why", "found", "expected"), KNOWN)
def test_known_answers(why, found, expected):
    assert found == pytest.approx(expected, abs=5e-5), why


WILSON = [
    ("14 of 18", 14, 18, (0.5479, 0.9100)),
    ("none of 9 still has a width", 0, 9, (0.0, 0.2991)),
]


@pytest.mark.parametrize(("why", "k", "n", "expected"), WILSON)
def test_wilson(why, k, n, expected):
    assert wilson(k, n) == pytest.approx(expected, abs=5e-5), why


def test_wilson_of_nothing_is_refused():
    with pytest.raises(ValueError, match="0 cases"):
        wilson(0, 0)


RISKS = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=2)


@settings(max_examples=50, deadline=None)
@given(RISKS)
def test_weights_mean_copies(rows):
    """A row of weight k is the same as k copies of it, by the libraries' own figures."""
    lost, risk, weight = (np.array(column) for column in zip(*rows, strict=True))
    copies, copied = np.repeat(lost, weight), np.repeat(risk, weight).astype(float)
    if copies.all() or not copies.any():
        return
    found = separation(lost, risk.astype(float))(weight[None, :].astype(float))
    assert found["auc"][0] == pytest.approx(metrics.auc(copies, copied))
    assert found["ks"][0] == pytest.approx(metrics.ks(copies, copied))
    expected = metrics.average_precision(copies, copied)
    assert found["average_precision"][0] == pytest.approx(expected)


def test_whole_accounts_are_drawn_and_the_seed_repeats():
    accounts = ["b", "a", "a", "b", "c"]
    first = draws(accounts, lambda w: {str(n): w[:, n] for n in range(5)}, 120, seed=7)
    again = draws(accounts, lambda w: {str(n): w[:, n] for n in range(5)}, 120, seed=7)
    assert all((first[name] == again[name]).all() for name in first)
    assert (first["0"] == first["3"]).all()
    assert (first["1"] == first["2"]).all()
    assert (first["0"] + first["1"] + first["4"] == 3).all()
    assert first["0"].shape == (120,)


def test_accounts_widen_the_interval():
    """Twelve equal snapshots of an account are one piece of evidence, not twelve."""
    rng = np.random.default_rng(5)
    lost, noise = rng.random(150) < 0.3, rng.normal(size=150)
    lost12, risk12 = np.repeat(lost, 12), np.repeat(lost + 2 * noise, 12)
    names = [f"a{n}" for n in np.repeat(np.arange(150), 12)]
    rows = [f"r{n}" for n in range(150 * 12)]
    clustered, by_row = (
        percentile_interval(draws(of, separation(lost12, risk12), 400, seed=1)["auc"])
        for of in (names, rows)
    )
    assert clustered[1] - clustered[0] > 2.5 * (by_row[1] - by_row[0])
