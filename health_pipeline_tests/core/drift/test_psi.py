"""PSI: known answers, bins that hold ties together, and its behaviour when nothing changes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.drift.psi import adjusted, bins_for, counts, p_value, psi, upper_edges

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "psi_known_answers"


def test_known_answer():
    flat, slope = np.full(5, 0.2), np.array([0.1, 0.15, 0.2, 0.25, 0.3])
    assert psi(flat, slope, smoothing=0) == pytest.approx(0.135403, abs=5e-7)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"third-party data missing: {DATA}")
@pytest.mark.parametrize(
    ("why", "name", "expected"),
    [
        ("three bins", "ob_psi_score.csv", 0.001112),
        ("six bins", "ob_psi_mean_radius.csv", 0.024634),
    ],
)
def test_published_tables(why, name, expected):
    with (DATA / name).open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["Bin"]]  # the totals row has no bin
    actual, reference = (np.array([int(r[f"Count {x}"]) for r in rows]) for x in "AE")
    assert psi(reference, actual, smoothing=0) == pytest.approx(expected, abs=5e-7), why


def test_benjamini_hochberg_known_answer():
    found = adjusted(np.array([0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205]))
    expected = [0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.0846, 0.205]
    assert found == pytest.approx(expected, abs=5e-5)
    assert adjusted(np.array([])).size == 0


EDGES = [
    ("distinct values fill equal bins", list(range(10)), 5, [2, 2, 2, 2, 2]),
    ("two values are two bins", [0] * 30 + [1] * 70, 10, [30, 70]),
    ("two values, most of them low", [0] * 95 + [1] * 5, 10, [95, 5]),
    ("most at the maximum: the rest is kept apart", [*range(5)] + [100] * 95, 10, [5, 95]),
    ("few counts are a bin each", [0] * 40 + [1] * 30 + [2] * 30, 10, [40, 30, 30]),
    ("a constant is one bin", [3] * 50, 5, [50]),
]


@pytest.mark.parametrize(("why", "values", "bins", "expected"), EDGES)
def test_bins(why, values, bins, expected):
    reference = np.array(values, dtype=float)
    assert counts(reference, upper_edges(reference, bins)).tolist() == expected, why


@pytest.mark.parametrize(("n", "bins"), [(30, 5), (499, 5), (500, 10), (5000, 10)])
def test_number_of_bins(n, bins):
    assert bins_for(n) == bins


VALUES = st.lists(st.integers(-50, 50), min_size=2, max_size=200)


@settings(max_examples=50, deadline=None)
@given(VALUES, VALUES)
def test_laws(left, right):
    """No account falls out of the bins; PSI is symmetric, zero for equals, never negative."""
    old, new = np.array(left, dtype=float), np.array(right, dtype=float)
    edges = upper_edges(old, 10)
    p, q = counts(old, edges), counts(new, edges)
    assert (p.sum(), q.sum()) == (len(left), len(right))
    assert (p > 0).all()
    assert psi(p, q) == pytest.approx(psi(q, p))
    assert psi(p, q) >= -1e-12
    assert psi(p, p) == 0


DRAWS = [
    ("continuous, few accounts", lambda rng, n: rng.normal(size=n), 40, 60),
    ("continuous, many", lambda rng, n: rng.normal(size=n), 900, 700),
    ("counts with ties", lambda rng, n: rng.poisson(1.2, n).astype(float), 200, 300),
    ("a heap at the top", lambda rng, n: np.minimum(rng.normal(90, 15, n), 100), 300, 300),
]


@pytest.mark.parametrize(("why", "draw", "n", "m"), DRAWS)
def test_under_no_change_p_is_honest(why, draw, n, m):
    rng = np.random.default_rng(11)
    below = 0
    for _ in range(400):
        old, new = draw(rng, n), draw(rng, m)
        edges = upper_edges(old, bins_for(min(n, m)))
        value = psi(counts(old, edges), counts(new, edges))
        below += p_value(value, n, m, len(edges) + 1) < 0.05
    assert 0.02 <= below / 400 <= 0.09, why
