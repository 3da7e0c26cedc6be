"""The population stability index, and how large it grows when nothing has changed.

PSI = Σ (p − q) ln(p / q) over bins. Under no change it follows (1/n + 1/m) · χ²(B − 1), so a small
sample reaches the customary 0.10 by chance alone; the p-value tells the two apart (science.md).

>>> round(psi(np.array([20, 20, 20, 20, 20]), np.array([10, 15, 20, 25, 30]), smoothing=0), 6)
0.135403
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

SMALL = 500


def bins_for(n: int) -> int:
    """5 bins while the smaller side has fewer than 500 accounts, else 10."""
    return 5 if n < SMALL else 10


def upper_edges(reference: Floats, bins: int) -> Floats:
    """Upper bounds (inclusive) of all bins but the last, at the quantiles of the reference.

    Equal quantiles are one edge, so a value that many accounts share stays whole, and a variable
    with few values gets a bin for each. Edges are values of the reference, so no bin of it is
    empty. A quantile at the maximum would leave the last bin empty:
    it moves to the next lower value. A constant reference has no edge.
    """
    quantiles = np.quantile(reference, np.arange(1, bins) / bins, method="inverted_cdf")
    below = reference[reference < reference.max()]
    edges: Floats = below if below.size == 0 else np.unique(np.minimum(quantiles, below.max()))
    return edges


def counts(values: Floats, edges: Floats) -> Counts:
    """Number of values in each of `len(edges) + 1` bins; the outer bins are open."""
    bins: Counts = np.searchsorted(edges, values, side="left")
    filled: Counts = np.bincount(bins, minlength=len(edges) + 1)
    return filled


def psi(reference: Counts | Floats, current: Counts | Floats, smoothing: float = 0.5) -> float:
    """PSI of two vectors of counts over the same bins; `smoothing` is added to every count."""
    p, q = reference + smoothing, current + smoothing
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())


def p_value(value: float, n: int, m: int, bins: int) -> float:
    """Chance of a PSI at least this large from `n` and `m` accounts when nothing has changed."""
    from scipy.stats import chi2

    return float(chi2.sf(value / (1 / n + 1 / m), bins - 1))


def adjusted(p_values: Floats) -> Floats:
    """Benjamini–Hochberg: p-values adjusted for the size of their family; empty stays empty."""
    from scipy.stats import false_discovery_control

    if p_values.size == 0:
        return p_values
    result: Floats = false_discovery_control(p_values, method="bh")
    return result
