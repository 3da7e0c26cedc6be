"""What is normal in each segment: knots, reference and median of every signal (R61).

A baseline is fitted once, stored, and changed by an explicit refit, or where the model itself
changes: a daily refit would hide a decline of the whole company.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.schemas.subscore import subscore
from health_pipeline.core.segments.knots import Figures, Floats, fit_child, fit_root
from health_pipeline.core.segments.measured import measured
from health_pipeline.core.segments.params import SegmentRules

BASELINE: dict[str, pl.DataType] = {
    name: dtype
    for name, dtype in RESULT_TABLES["baselines"].columns.items()
    if name != "model_version"
}
"""Shape of a fitted baseline: `RESULT_TABLES["baselines"]` before it belongs to a version."""


def fit_baseline(
    values: pl.DataFrame,
    segments: pl.DataFrame,
    specs: Sequence[SignalSpec],
    rules: SegmentRules,
    fitted_through: date,
) -> pl.DataFrame:
    """Knots, reference and median of every segment of the rules and every signal.

    Args:
        values: `frames.SIGNAL_VALUES` of one day; only measured values count.
        segments: `RESULT_TABLES["segments"]` of that day.
        specs: the signals.
        rules: the segments, and how far small ones lean on their parents.
        fitted_through: the last day of the data that was looked at.

    Returns:
        `BASELINE`: one row for each segment (also those without accounts, so that a later account
        finds its knots) and signal. `n` counts measured accounts; `median` is raw and null when
        n = 0; `reference` is the subscore of the median, shrunk as knots are; `borrowed` marks
        n < `borrow_below` or n < `min_accounts`.

    Raises:
        ValueError: `values` hold more than one day, or a measured value that is not finite.
    """
    days = values["date"].unique().sort()
    if len(days) > 1:
        raise ValueError(
            f"fit_baseline: values span {days[0]} to {days[-1]}; a baseline is fitted on one day"
        )
    placed = measured(values).join(
        segments.select("account_id", "date", "segment", "plan"), on=["account_id", "date"]
    )
    rows = [
        row
        for spec in specs
        for row in _rows(spec, placed.filter(pl.col("signal") == spec.name), rules)
    ]
    schema = {**BASELINE, "reference_value": pl.Float64(), "higher_is_better": pl.Boolean()}
    found = pl.DataFrame(rows, schema=schema)
    reference = subscore(
        found["reference_value"].to_numpy(),
        [found[knot].to_numpy() for knot in ("k0", "k60", "k80", "k100")],
        higher_is_better=found["higher_is_better"].to_numpy(),
    )
    return (
        found.with_columns(
            pl.Series("reference", reference), pl.lit(fitted_through).alias("fitted_through")
        )
        .select(BASELINE.keys())
        .sort("segment", "signal")
    )


def _rows(spec: SignalSpec, placed: pl.DataFrame, rules: SegmentRules) -> list[dict[str, Any]]:
    root = fit_root(_values(placed), spec, rules)
    names = dict.fromkeys((*(rule.name for rule in rules.segments), rules.default))
    return [_row(spec, name, placed, root, rules) for name in names]


def _row(
    spec: SignalSpec, name: str, placed: pl.DataFrame, root: Figures, rules: SegmentRules
) -> dict[str, Any]:
    own = placed.filter(pl.col("segment") == name)
    figures = fit_child(_values(own), _parent(spec, name, placed, root, rules), spec, rules)
    # A segment's own targets are not fitted, whatever the other segments do.
    k0, k60, k80, k100 = spec.segment_knots.get(name, figures.knots.tolist())
    return {
        "segment": name,
        "signal": spec.name,
        "k0": k0,
        "k60": k60,
        "k80": k80,
        "k100": k100,
        "median": own["value"].median(),
        "n": own.height,
        "borrowed": own.height < max(rules.borrow_below, rules.min_accounts),
        "reference_value": figures.median,
        "higher_is_better": spec.higher_is_better,
    }


def _parent(
    spec: SignalSpec, name: str, placed: pl.DataFrame, root: Figures, rules: SegmentRules
) -> Figures:
    """The level above a segment: the plans that its rules name, or everyone."""
    plans = _plans(name, rules)
    if not plans:
        return root
    pool = placed.filter(pl.col("plan").is_in(plans))
    # A segment that is its whole plan is shrunk once, or its accounts would count twice.
    if pool.height == placed.filter(pl.col("segment") == name).height:
        return root
    return fit_child(_values(pool), root, spec, rules)


def _plans(name: str, rules: SegmentRules) -> tuple[str, ...]:
    """The plans that a segment is limited to; empty when it takes any, as the default does."""
    return next((rule.match.get("plan", ()) for rule in rules.segments if rule.name == name), ())


def _values(frame: pl.DataFrame) -> Floats:
    return frame["value"].to_numpy()
