"""Intervals of shares."""

from __future__ import annotations


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of `successes` out of `n` independent cases.

    >>> tuple(round(x, 4) for x in wilson(14, 18))
    (0.5479, 0.91)

    Raises:
        ValueError: n is 0, or successes lie outside 0…n.
    """
    from scipy.stats import binomtest

    if n == 0:
        raise ValueError("wilson: a share of 0 cases has no interval")
    interval = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
