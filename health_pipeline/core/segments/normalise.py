"""Raw signal values on the scale 0 to 100, each against what is normal in its segment (R62)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.segments.measured import measured
from health_pipeline.core.segments.subscore import subscore

HOURS_A_DAY = 24.0


def normalise(
    values: pl.DataFrame,
    segments: pl.DataFrame,
    baseline: pl.DataFrame,
    specs: Sequence[SignalSpec],
) -> pl.DataFrame:
    """Signal values with subscore, unit, age and segment baseline.

    Args:
        values: `frames.SIGNAL_VALUES` of any number of days.
        segments: `RESULT_TABLES["segments"]` of those days.
        baseline: one baseline (`baseline.BASELINE`), frozen.
        specs: the signals.

    Returns:
        `RESULT_TABLES["signals"]`. `subscore` is null unless the status is measured;
        `freshness_hours` runs from the end of `observed_on` to the end of `date`;
        `segment_baseline` is the segment's raw median.

    Raises:
        ValueError: a signal without a spec; a measured row without a finite value, a segment, a
            baseline row or an `observed_on`; a baseline with two rows for a segment and signal.
    """
    placed = _placed(values, segments, baseline, specs)
    _refuse_gaps(placed)
    age = (pl.col("date") - pl.col("observed_on")).dt.total_days()
    return RESULT_TABLES["signals"].conform(
        placed.with_columns(
            pl.when(pl.col("status") == "measured")
            .then(subscore("value", higher_is_better="higher_is_better"))
            .alias("subscore"),
            (age * HOURS_A_DAY).alias("freshness_hours"),
            pl.col("median").alias("segment_baseline"),
        )
    )


def _placed(
    values: pl.DataFrame,
    segments: pl.DataFrame,
    baseline: pl.DataFrame,
    specs: Sequence[SignalSpec],
) -> pl.DataFrame:
    """Each value beside its spec, its segment and that segment's knots."""
    twice = baseline.filter(baseline.select("segment", "signal").is_duplicated())
    if not twice.is_empty():
        raise ValueError(
            f"normalise: the baseline has {twice.height} rows for segment {twice['segment'][0]!r}, "
            f"signal {twice['signal'][0]!r} and others; pass the rows of one model version"
        )
    known = pl.DataFrame(
        [(spec.name, spec.unit, spec.higher_is_better) for spec in specs],
        schema={"signal": pl.String(), "unit": pl.String(), "higher_is_better": pl.Boolean()},
        orient="row",
    )
    normal = baseline.select("segment", "signal", "k0", "k60", "k80", "k100", "median")
    return (
        values.join(known, on="signal", how="left")
        .join(
            segments.select("account_id", "date", "segment"), on=["account_id", "date"], how="left"
        )
        .join(normal, on=["segment", "signal"], how="left")
    )


def _refuse_gaps(placed: pl.DataFrame) -> None:
    gaps = {
        "has no spec; normalise it with the model that computed it": "unit",
        "has no segment; assign segments for the same accounts and days": "segment",
        "has no knots in the baseline; refit it for these segments and signals": "k0",
        "is measured without observed_on; say the day of its newest information": "observed_on",
    }
    judged = measured(placed)
    for wrong, column in gaps.items():
        rows = (placed if column == "unit" else judged).filter(pl.col(column).is_null())
        if not rows.is_empty():
            first = rows.row(0, named=True)
            raise ValueError(
                f"normalise: signal {first['signal']!r} of account {first['account_id']!r} on "
                f"{first['date']} (and {rows.height - 1} more rows) {wrong}"
            )
