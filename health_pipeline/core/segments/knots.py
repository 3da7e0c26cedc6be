"""The four raw values that score 0, 60, 80 and 100: how they are fitted, shrunk and ordered.

Source: science.md, "Normalisation" (R61, R62).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.segments.params import SegmentRules

Floats = NDArray[np.float64]

QUANTILES = (0.02, 0.10, 0.30, 0.60, 0.90)
QUANTILE_SCORES = (0.0, 40.0, 65.0, 85.0, 100.0)
KNOT_SCORES = (0.0, 60.0, 80.0, 100.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is normal in one population: `knots` (4 raw values) and `median` (raw)."""

    knots: Floats
    median: float


def quantile_knots(values: Floats, *, higher_is_better: bool) -> Floats:
    """Raw values at 0, 60, 80, 100 of a population of at least one finite value.

    The quantiles .02, .10, .30, .60, .90 score 0, 40, 65, 85, 100; the knots are read off between
    them. Where lower is better the same is done from the other end.
    """
    sign = 1.0 if higher_is_better else -1.0
    quantiles = np.quantile(sign * values, QUANTILES)
    knots: Floats = sign * np.interp(KNOT_SCORES, QUANTILE_SCORES, quantiles)
    return knots


def in_order(knots: Floats, *, higher_is_better: bool) -> Floats:
    """`knots` made monotone in the direction of the signal; ordered knots stay as they are."""
    sign = 1.0 if higher_is_better else -1.0
    ordered: Floats = sign * np.maximum.accumulate(sign * knots)
    return ordered


def shrink(own: float | Floats, parent: float | Floats, n: int, strength: float) -> Floats:
    """(n · own + M · parent) / (n + M): few accounts lean on their parent.

    Written as a step from the parent, so that equal figures stay exactly what they are.
    """
    above = np.asarray(parent)
    return np.asarray(above + n / (n + strength) * (np.asarray(own) - above))


def prior(spec: SignalSpec) -> Figures:
    """What is taken as normal before there is data: literal or default knots and their middle.

    The middle lies halfway between the values that score 60 and 80, so it scores 70.
    """
    knots = np.array(spec.default_knots if spec.knots == "fit" else spec.knots, dtype=np.float64)
    return Figures(knots, float(knots[1] + knots[2]) / 2)


def fit_root(values: Floats, spec: SignalSpec, rules: SegmentRules) -> Figures:
    """All accounts together; the `prior` while fewer than `borrow_below` are measured."""
    if values.size < rules.borrow_below:
        return prior(spec)
    return _own(values, spec)


def fit_child(values: Floats, parent: Figures, spec: SignalSpec, rules: SegmentRules) -> Figures:
    """A part of the parent's accounts, shrunk towards it; below `min_accounts` the parent's."""
    n = values.size
    if n < rules.min_accounts:
        return parent
    own = _own(values, spec)
    median = float(shrink(own.median, parent.median, n, rules.shrinkage))
    if spec.knots != "fit":
        return Figures(own.knots, median)
    knots = shrink(own.knots, parent.knots, n, rules.shrinkage)
    return Figures(in_order(knots, higher_is_better=spec.higher_is_better), median)


def _own(values: Floats, spec: SignalSpec) -> Figures:
    median = float(np.median(values))
    if spec.knots != "fit":
        return Figures(np.array(spec.knots, dtype=np.float64), median)
    return Figures(quantile_knots(values, higher_is_better=spec.higher_is_better), median)
