"""How the arithmetic of one subscore is written, and that it is the stored subscore."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.explanation.figures import figure, places, ramp
from health_pipeline_tests.core.scoring.world import DOWN, UP, accounts, scored, spec, values
from health_pipeline_tests.worked import subscore_of

FLAT = (3.0, 3.0, 3.0, 3.0)
HALF_FLAT = (0.0, 5.0, 5.0, 9.0)
NEGATIVE = (-0.5, -0.12, -0.04, 0.05)
THIRDS = (1 / 3, 2 / 3, 4 / 3, 5 / 3)

RAMPS = [
    ("below the first knot", UP, True, 0.1, "0, for 0.1 ≤ 0.2"),
    ("at the first knot", UP, True, 0.2, "0, for 0.2 ≤ 0.2"),
    ("first ramp", UP, True, 0.325, "60 × (0.325 − 0.2) / (0.45 − 0.2) = 30"),
    ("at a knot", UP, True, 0.45, "60 + 20 × (0.45 − 0.45) / (0.7 − 0.45) = 60"),
    ("second ramp", UP, True, 0.575, "60 + 20 × (0.575 − 0.45) / (0.7 − 0.45) = 70"),
    ("third ramp", UP, True, 0.8, "80 + 20 × (0.8 − 0.7) / (0.9 − 0.7) = 90"),
    ("at the last knot", UP, True, 0.9, "100, for 0.9 ≥ 0.9"),
    ("lower is better: the best", DOWN, False, 0.5, "100, for 0.5 ≤ 1"),
    ("lower is better: a ramp", DOWN, False, 3.5, "60 + 20 × (3.5 − 5) / (2 − 5) = 70"),
    ("lower is better: the worst", DOWN, False, 20.0, "0, for 20 ≥ 14"),
    ("no ramp, at it", FLAT, True, 3.0, "100, for 3 ≥ 3"),
    ("no ramp, below it", FLAT, True, 2.5, "0, for 2.5 ≤ 3"),
    (
        "equal knots give the better figure",
        HALF_FLAT,
        True,
        5.0,
        "80 + 20 × (5 − 5) / (9 − 5) = 80",
    ),
    (
        "what is negative stands in brackets",
        NEGATIVE,
        True,
        -0.31,
        "60 × (−0.31 − (−0.5)) / (−0.12 − (−0.5)) = 30",
    ),
    (
        "as many digits as the subscore needs",
        THIRDS,
        True,
        0.4,
        "60 × (0.4 − 0.33333333) / (0.66666667 − 0.33333333) = 12",
    ),
]


def _stored(value, knots, up):
    """The subscore that the pipeline stores."""
    signal = spec("s", knots=tuple(knots), higher_is_better=up)
    read = values([("a", "s", value, "measured")])
    return scored(read, accounts([{"account_id": "a"}]), [signal]).contributions["subscore"].item()


@pytest.mark.parametrize(("why", "knots", "up", "value", "said"), RAMPS, ids=[c[0] for c in RAMPS])
def test_ramp(why, knots, up, value, said):
    assert ramp(value, knots, _stored(value, knots, up), higher_is_better=up) == said, why


NUMBERS = [
    (0.1 + 0.2, "0.3", "0.3"),
    (1 / 3, "0.3333333333", "0.3333"),
    (-2.5, "−2.5", "−2.5"),
    (-0.0, "0", "0"),
    (-0.00001, "−0.00001", "0"),
    (1e16, "10000000000000000", "10000000000000000"),
    (1234567.125, "1234567.125", "1234567.125"),
    (79.99999, "79.99999", "80"),
]


@pytest.mark.parametrize(("number", "ten_digits", "four_decimals"), NUMBERS)
def test_numbers(number, ten_digits, four_decimals):
    assert (figure(number), places(number)) == (ten_digits, four_decimals)


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 6)) | st.integers(-5, 120).map(float)


@settings(max_examples=100, deadline=None)
@given(st.lists(numbers, min_size=4, max_size=4), numbers, st.booleans())
def test_what_is_printed_gives_the_storedsubscore_of(knots, value, up):
    ordered = sorted(knots, reverse=not up)
    stored = _stored(value, ordered, up)
    printed = ramp(value, ordered, stored, higher_is_better=up)
    assert subscore_of(printed) == pytest.approx(stored, abs=1e-6)
