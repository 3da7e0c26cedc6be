"""Cluster bootstrap over accounts, vectorised.

Accounts are drawn, not rows: one account's snapshots resemble each other, and a row bootstrap is a
quarter too narrow (science.md). A resample is a row of weights: how often each row's account came.
All figures computed from one set of weights are paired.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from health_pipeline.core.calibration.metrics import Bools, Floats

Statistic = Callable[[Floats], dict[str, Floats]]
"""Weights (resamples × rows) → one value a resample, by name of the figure."""

_AT_ONCE = 50  # resamples held in memory together


def draws(
    accounts: list[str], statistic: Statistic, resamples: int, seed: int
) -> dict[str, Floats]:
    """`statistic` on `resamples` draws of the accounts, in the order drawn.

    Args:
        accounts: account of each row.
        statistic: what to compute from weights.
        resamples: how many draws.
        seed: which draws.
    """
    names, row_account = np.unique(np.asarray(accounts, dtype=str), return_inverse=True)
    rng = np.random.default_rng(seed)
    even = np.full(len(names), 1 / len(names))
    parts = []
    for start in range(0, resamples, _AT_ONCE):
        counts = rng.multinomial(len(names), even, size=min(_AT_ONCE, resamples - start))
        parts.append(statistic(counts[:, row_account].astype(np.float64)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def percentile_interval(values: Floats) -> tuple[float, float]:
    """The middle 95 % of the resamples that could be computed; NaN when none could."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(finite, (2.5, 97.5))
    return float(low), float(high)


def separation(churned: Bools, risk: Floats) -> Statistic:
    """AUC, average precision and KS as functions of weights; equal risks form one step."""
    order = np.argsort(-risk, kind="stable")
    steps = np.flatnonzero(np.r_[True, np.diff(-risk[order]) > 0])
    lost = churned[order].astype(np.float64)

    def statistic(weights: Floats) -> dict[str, Floats]:
        ordered = weights[:, order]
        hits = np.add.reduceat(ordered * lost, steps, axis=1)
        misses = np.add.reduceat(ordered * (1 - lost), steps, axis=1)
        caught, flagged = hits.cumsum(axis=1), misses.cumsum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            recall, false_alarms = caught / caught[:, -1:], flagged / flagged[:, -1:]
            precision = np.where(caught > 0, caught / (caught + flagged), 0.0)
            beaten = (misses * (caught - hits / 2)).sum(axis=1)
            return {
                "auc": beaten / (caught[:, -1] * flagged[:, -1]),
                "average_precision": (hits * precision).sum(axis=1) / caught[:, -1],
                "ks": np.abs(recall - false_alarms).max(axis=1),
            }

    return statistic


def weighted_share(weights: Floats, flag: Bools, of: Bools) -> Floats:
    """Share of the rows `of` on which `flag` holds, for each resample; NaN where none was drawn."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares: Floats = (weights @ (flag & of)) / (weights @ of)
    return shares
