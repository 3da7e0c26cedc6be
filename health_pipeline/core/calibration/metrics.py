"""How well a number separates churned from retained: point estimates (R100).

Everywhere `risk` is higher where churn is expected, so a health score enters as its negative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def auc(churned: Bools, risk: Floats) -> float:
    """Chance that a churner has a higher risk than a retained account; ties count half."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(churned, risk))


def average_precision(churned: Bools, risk: Floats) -> float:
    """Mean precision over the churners, from the highest risk down."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(churned, risk))


def ks(churned: Bools, risk: Floats) -> float:
    """Kolmogorov–Smirnov: largest gap between the two cumulative distributions, 0–1."""
    from scipy.stats import ks_2samp

    with np.errstate(divide="ignore"):  # its p-value, which nobody reads, of one row on each side
        return float(ks_2samp(risk[churned], risk[~churned], method="asymp").statistic)


def share(flag: Bools, of: Bools) -> float:
    """Share of the rows `of` on which `flag` holds; NaN when there is no such row."""
    return float((flag & of).sum() / of.sum()) if of.any() else float("nan")
