"""Figures of the days before leaving: churners Red, beside stayers in the same calendar days."""

from __future__ import annotations

import numpy as np
import polars as pl

from health_pipeline.core.calibration.bootstrap import draws, weighted_share
from health_pipeline.core.calibration.figures import Row, figure, not_enough, withheld
from health_pipeline.core.calibration.intervals import wilson
from health_pipeline.core.calibration.metrics import Floats
from health_pipeline.core.calibration.params import BacktestRules

RED = "red"
WINDOW_METRICS = (
    "churners_red_before_leaving",
    "stayers_red_in_matched_window",
    "red_churners_minus_stayers",
    "lead_days_median",
)


def window_figures(windows: pl.DataFrame, rules: BacktestRules, churners: int | None) -> list[Row]:
    """Red before leaving beside Red of matched stayers.

    Args:
        windows: `WINDOWS` of one segment.
        rules: evidence and resamples.
        churners: all churners, to name those without a look; None where that is not known.
    """
    seen = windows.filter("churner")
    n = windows["account_id"].n_unique()
    if seen.height < rules.min_churners:
        return withheld(RED, WINDOW_METRICS, n, not_enough(seen.height, rules.min_churners))
    churner, red = windows["churner"].to_numpy(), windows["red"].to_numpy()
    lead = windows["lead_days"].cast(pl.Float64).to_numpy()

    def statistic(weights: Floats) -> dict[str, Floats]:
        theirs, others = (weighted_share(weights, red, of) for of in (churner, ~churner))
        return dict(zip(WINDOW_METRICS, (theirs, others, theirs - others), strict=False))

    point = {name: values[0] for name, values in statistic(np.ones((1, windows.height))).items()}
    resampled = draws(windows["account_id"].to_list(), statistic, rules.resamples, rules.seed)
    unseen = "" if churners is None else f", {churners - seen.height} churners without a look"
    caught, matched = int(red[churner].sum()), int((~churner).sum())
    note = f"{caught} of {seen.height} churners Red, {matched} matched windows{unseen}"
    rows = [figure(RED, m, n, note, float(point[m]), resampled[m]) for m in WINDOW_METRICS[:3]]
    # A churner has one window, so its share has an exact count; a bootstrap of 0/n has no width.
    rows[0]["low"], rows[0]["high"] = wilson(caught, seen.height)
    return [*rows, _lead(lead[churner & red], n, rules)]


def _lead(days: Floats, n: int, rules: BacktestRules) -> Row:
    """Median days from the first Red look to leaving, among the churners that were Red."""
    if days.size < rules.min_churners:
        why = f"not enough evidence: {days.size} churners were Red, {rules.min_churners} needed"
        return withheld(RED, WINDOW_METRICS[3:], n, why)[0]
    rng = np.random.default_rng(rules.seed)
    medians = np.median(rng.choice(days, size=(rules.resamples, days.size)), axis=1)
    note = f"{days.size} churners that were Red; notice where known"
    return figure(RED, WINDOW_METRICS[3], n, note, float(np.median(days)), medians)
