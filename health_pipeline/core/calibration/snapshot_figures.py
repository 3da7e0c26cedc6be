"""Figures of month-end snapshots: separation, seat utilisation beside it, Red's hits and misses."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from health_pipeline.core.calibration import metrics
from health_pipeline.core.calibration.bootstrap import draws, separation, weighted_share
from health_pipeline.core.calibration.figures import Row, figure, not_enough, withheld
from health_pipeline.core.calibration.intervals import wilson
from health_pipeline.core.calibration.metrics import Bools, Floats
from health_pipeline.core.calibration.params import BacktestRules

SCORE, SEATS, DIFFERENCE, RED = "score", "seat_utilisation", "score_minus_seat_utilisation", "red"
TIERS = ("green", "yellow", "red")


def snapshot_figures(rows: pl.DataFrame, rules: BacktestRules) -> list[Row]:
    """All figures of rows that carry a score and a settled label, in the order of the report."""
    due = rows.filter(pl.col("due").fill_null(value=False))
    return [
        *_score_figures(rows, rules),
        *_score_figures(due, rules, "_due"),
        *_against_seats(rows, rules),
        *_against_seats(due, rules, "_due"),
        *_share_figures(rows, rules),
    ]


def _score_figures(rows: pl.DataFrame, rules: BacktestRules, suffix: str = "") -> list[Row]:
    names = ("auc", "average_precision", "ks")
    n, note, enough = _evidence(rows, rules)
    if not enough:
        return withheld(SCORE, tuple(name + suffix for name in names), n, note)
    lost, risk = _churned(rows), -_floats(rows, "score")
    resampled = draws(rows["account_id"].to_list(), separation(lost, risk), *_how(rules))
    point: dict[str, Callable[[Bools, Floats], float]] = {
        "auc": metrics.auc,
        "average_precision": metrics.average_precision,
        "ks": metrics.ks,
    }
    return [
        figure(SCORE, name + suffix, n, note, point[name](lost, risk), resampled[name])
        for name in names
    ]


def _against_seats(rows: pl.DataFrame, rules: BacktestRules, suffix: str = "") -> list[Row]:
    """Seat utilisation alone and the paired difference, on the rows that have both."""
    both = rows.filter(pl.col("seat_utilisation").is_not_null())
    name = "auc" + suffix
    n, note, enough = _evidence(both, rules)
    if not enough:
        why = "seat utilisation is not measured" if both.is_empty() and rows.height else note
        return withheld(SEATS, (name,), n, why) + withheld(DIFFERENCE, (name,), n, why)
    lost, accounts = _churned(both), both["account_id"].to_list()
    risks = {subject: -_floats(both, subject) for subject in (SCORE, SEATS)}
    value = {subject: metrics.auc(lost, risk) for subject, risk in risks.items()}
    resampled = {
        subject: draws(accounts, separation(lost, risk), *_how(rules))["auc"]
        for subject, risk in risks.items()
    }
    gain = value[SCORE] - value[SEATS]
    return [
        figure(SEATS, name, n, note, value[SEATS], resampled[SEATS]),
        figure(DIFFERENCE, name, n, note, gain, resampled[SCORE] - resampled[SEATS]),
    ]


def _share_figures(rows: pl.DataFrame, rules: BacktestRules) -> list[Row]:
    """Recall and false alarms at Red, Red that renewed or expanded, churn rate of each tier."""
    lost, red = _churned(rows), rows["red"].fill_null(value=False).to_numpy().astype(bool)
    due = rows["due"].fill_null(value=False).to_numpy().astype(bool)
    won = ~lost & (due | rows["counterweight"].is_not_null().to_numpy())
    shares = {
        (RED, "recall"): (red, lost),
        (RED, "false_positive_rate"): (red, ~lost),
        (RED, "renewed_or_expanded"): (won, red),
    }
    for tier in TIERS:
        shares[(tier, "churn_rate")] = (
            lost,
            (rows["tier_by_score"] == tier).fill_null(value=False).to_numpy().astype(bool),
        )
    n, note, enough = _evidence(rows, rules)
    if not enough:
        return [row for subject, name in shares for row in withheld(subject, (name,), n, note)]

    def statistic(weights: Floats) -> dict[str, Floats]:
        return {
            f"{subject} {name}": weighted_share(weights, flag, of)
            for (subject, name), (flag, of) in shares.items()
        }

    accounts = rows["account_id"].to_numpy()
    resampled = draws(accounts.tolist(), statistic, *_how(rules))
    found = []
    for (subject, name), (flag, of) in shares.items():
        words = f"{int((flag & of).sum())} of {int(of.sum())} snapshots; {note}"
        value = metrics.share(flag, of)
        row = figure(subject, name, n, words, value, resampled[f"{subject} {name}"])
        if value in {0.0, 1.0}:  # every resample says the same; the accounts behind it are few
            behind = len(set(accounts[of]))
            row["low"], row["high"] = wilson(round(value * behind), behind)
        found.append(row)
    return found


def _evidence(rows: pl.DataFrame, rules: BacktestRules) -> tuple[int, str, bool]:
    """Number of accounts, the note, and whether a figure may be shown."""
    accounts = rows["account_id"].n_unique()
    lost = pl.col("churned_within_horizon")
    churners = rows.filter(lost)["account_id"].n_unique()
    if churners < rules.min_churners:
        return accounts, not_enough(churners, rules.min_churners), False
    if rows.filter(~lost).is_empty():
        return accounts, "not enough evidence: no account stayed", False
    return accounts, f"{churners} churners, {accounts} accounts, {rows.height} snapshots", True


def _how(rules: BacktestRules) -> tuple[int, int]:
    return rules.resamples, rules.seed


def _churned(rows: pl.DataFrame) -> Bools:
    return rows["churned_within_horizon"].to_numpy().astype(bool)


def _floats(rows: pl.DataFrame, name: str) -> Floats:
    return rows[name].cast(pl.Float64).to_numpy()
