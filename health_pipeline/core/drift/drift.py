"""Drift of scores and signals, by segment: one test for each, one decision over all (R105)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from health_pipeline.core.drift.outage import rows_lost, values_lost
from health_pipeline.core.drift.params import DriftRules
from health_pipeline.core.drift.psi import (
    Floats,
    adjusted,
    bins_for,
    counts,
    p_value,
    psi,
    upper_edges,
)
from health_pipeline.core.schemas.results import RESULT_TABLES

METRICS = ("psi", "p", "p_adjusted", "ks_p", "mann_whitney_p", "alert", "outage")

Test = dict[str, Any]
"""segment, subject, n, note and a value or None for each of `METRICS`."""


def drift(
    reference: pl.DataFrame,
    current: pl.DataFrame,
    rules: DriftRules,
    report_month: str,
    model_version: str,
) -> pl.DataFrame:
    """Which distributions changed by more than their sample size explains?

    Args:
        reference: `account_id`, `segment`, `subject` ("score" or a signal), `value` (null =
            missing) of the comparison window; with a `date`, an account's latest row counts.
        current: the same, of the report window.
        rules: evidence, size and significance that an alert needs.
        report_month: stands on every row.
        model_version: likewise.

    Returns:
        `drift` of contracts.md: a row for each subject, segment ("all" and each) and metric of
        `METRICS`. An alert (1) needs an adjusted p below `alert_p` and a PSI above `alert_psi`.
        What was not tested is null, and the note says why; `outage` is 1 where the data failed.
        `n`: values now; the note also gives those before.
    """
    before, now = _one_row_an_account(reference), _one_row_an_account(current)
    tests = [_tested(*pair, rules) for pair in _pairs(before, now)]
    _decide(tests, rules)
    table = RESULT_TABLES["drift"]
    if not tests:
        return table.empty()
    long = pl.DataFrame(tests, infer_schema_length=None).unpivot(
        METRICS, index=["segment", "subject", "n", "note"], variable_name="metric"
    )
    return table.conform(
        long.with_columns(
            report_month=pl.lit(report_month),
            model_version=pl.lit(model_version),
            low=pl.lit(None),
            high=pl.lit(None),
        )
    )


def _one_row_an_account(frame: pl.DataFrame) -> pl.DataFrame:
    ordered = frame.sort("date", maintain_order=True) if "date" in frame.columns else frame
    return ordered.unique(["account_id", "subject"], keep="last", maintain_order=True).select(
        "segment", "subject", pl.col("value").cast(pl.Float64).fill_null(float("nan"))
    )


def _pairs(
    before: pl.DataFrame, now: pl.DataFrame
) -> Iterator[tuple[str, str, Floats, Floats, str | None]]:
    """Subject, segment, both sides, and why the whole subject is an outage, if it is.

    Rows are counted over all segments: accounts move between segments without any data failing.
    """
    both = pl.concat([before, now])
    for subject in both["subject"].unique().sort():
        old, new = (side.filter(pl.col("subject") == subject) for side in (before, now))
        lost = rows_lost(old.height, new.height)
        yield subject, "all", old["value"].to_numpy(), new["value"].to_numpy(), lost
        for segment in pl.concat([old, new])["segment"].drop_nulls().unique().sort():
            of = pl.col("segment") == segment
            left, right = (side.filter(of)["value"].to_numpy() for side in (old, new))
            yield subject, segment, left, right, lost


def _tested(
    subject: str, segment: str, before: Floats, now: Floats, lost: str | None, rules: DriftRules
) -> Test:
    old, new = before[~np.isnan(before)], now[~np.isnan(now)]
    sizes = f"{new.size} values now, {old.size} before"
    test: Test = {"subject": subject, "segment": segment, "n": new.size, "note": sizes}
    test |= dict.fromkeys(METRICS) | {"outage": 0.0}
    too_few = f"not enough evidence: {sizes}, {rules.min_accounts} needed"
    if lost is None and min(before.size, now.size) < rules.min_accounts:
        return test | {"note": too_few}
    outage = lost or values_lost(before, now)
    if outage:
        return test | {"note": f"outage, not tested: {outage}", "outage": 1.0}
    if min(old.size, new.size) < rules.min_accounts:
        return test | {"note": too_few}
    if np.ptp(old) == 0:
        return test | {"note": f"not tested: all values before are {old[0]:g}; {sizes}"}
    return test | _distance(old, new, rules.smoothing)


def _distance(old: Floats, new: Floats, smoothing: float) -> dict[str, float]:
    from scipy.stats import ks_2samp, mannwhitneyu

    edges = upper_edges(old, bins_for(min(old.size, new.size)))
    value = psi(counts(old, edges), counts(new, edges), smoothing)
    return {
        "psi": value,
        "p": p_value(value, old.size, new.size, len(edges) + 1),
        "ks_p": float(ks_2samp(old, new, method="asymp").pvalue),
        "mann_whitney_p": float(mannwhitneyu(old, new, method="asymptotic").pvalue),
    }


def _decide(tests: list[Test], rules: DriftRules) -> None:
    """Adjust over the whole family of segment × subject, then say which of them alert."""
    family = [test for test in tests if test["p"] is not None]
    q_values = adjusted(np.array([test["p"] for test in family]))
    for test, q in zip(family, q_values, strict=True):
        test["p_adjusted"] = float(q)
        test["alert"] = float(q < rules.alert_p and test["psi"] > rules.alert_psi)
