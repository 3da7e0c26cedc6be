"""Raw signal values on the scale 0 to 100, each against what is normal in its segment (R62)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from health_pipeline.core.schemas.account_days import (
    Cells,
    SignalRows,
    looked_up,
    signal_rows,
)
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.schemas.subscore import subscore
from health_pipeline.core.segments.measured import refuse_broken

HOURS_A_DAY = 24.0
KNOTS = ("k0", "k60", "k80", "k100")


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
    return normalised_rows(values, segments, baseline, specs).frame


def normalised_rows(
    values: pl.DataFrame,
    segments: pl.DataFrame,
    baseline: pl.DataFrame,
    specs: Sequence[SignalSpec],
) -> SignalRows:
    """What `normalise` gives, with the numbers of its rows for the stages that go on from it."""
    rows = signal_rows(values)
    cells = _cells(rows, segments, baseline, specs)
    _refuse_gaps(rows, cells)
    knots = [cells.figures(knot) for knot in KNOTS]
    better = cells.figures("higher_is_better") == 1.0
    worth = subscore(rows.value, knots, higher_is_better=better, at=cells.at)
    found = rows.frame.with_columns(
        pl.Series("subscore", np.where(rows.measured, worth, np.nan), nan_to_null=True),
        pl.Series("segment_baseline", cells.numbers("median"), nan_to_null=True),
        cells.texts("unit").alias("unit"),
        freshness_hours=(pl.col("date") - pl.col("observed_on")).dt.total_days() * HOURS_A_DAY,
    )
    shape = RESULT_TABLES["signals"].columns
    columns = (pl.col(name).cast(dtype) for name, dtype in shape.items())
    return replace(rows, frame=found.select(columns))


def _cells(
    rows: SignalRows,
    segments: pl.DataFrame,
    baseline: pl.DataFrame,
    specs: Sequence[SignalSpec],
) -> Cells:
    """Each value's spec, its segment and that segment's knots."""
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
    return looked_up(rows, segments, known, baseline.select("segment", "signal", *KNOTS, "median"))


def _refuse_gaps(rows: SignalRows, cells: Cells) -> None:
    refuse_broken(rows.frame)
    undated = rows.frame["observed_on"].is_null().to_numpy()
    gaps = {
        "has no spec; normalise it with the model that computed it": cells.lacks("unit"),
        "has no segment; assign segments for the same accounts and days": (
            rows.measured & cells.lacks("segment")
        ),
        "has no knots in the baseline; refit it for these segments and signals": (
            rows.measured & cells.lacks("k0")
        ),
        "is measured without observed_on; say the day of its newest information": rows.measured
        & undated,
    }
    for wrong, lacking in gaps.items():
        found = np.flatnonzero(lacking)
        if len(found):
            first = rows.frame.row(int(found[0]), named=True)
            raise ValueError(
                f"normalise: signal {first['signal']!r} of account {first['account_id']!r} on "
                f"{first['date']} (and {len(found) - 1} more rows) {wrong}"
            )
