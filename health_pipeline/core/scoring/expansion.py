"""The expansion index: room to grow, beside the score and never a part of it (R55).

An account is ready to buy more when it uses much of what it has, uses the advanced parts, and is
content. One of the three does not stand in for another, so the index is the weakest of them: high
usage with friction is a risk, not a chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from health_pipeline.core.schemas.account_days import Array, SignalRows, signal_rows

EXPANSION: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "expansion_index": pl.Float64(),
}


def expansion_index(
    signals: pl.DataFrame | SignalRows, parts: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """The least, over the parts, of the mean subscore of the part's measured signals.

    Args:
        signals: `RESULT_TABLES["signals"]`.
        parts: name of a part → its signals (`ScoringRules.expansion`).

    Returns:
        `EXPANSION`, one row an account and day: 0–100; null where a part has no measured signal,
        and where there are no parts.
    """
    rows = signal_rows(signals)
    means = [_mean(rows, members) for members in parts.values()]
    least = np.min(means, axis=0) if means else np.full(rows.days.height, np.nan)
    index = pl.Series("expansion_index", least, pl.Float64, nan_to_null=True)
    return rows.days.with_columns(index).select(*EXPANSION)


def _mean(rows: SignalRows, members: Sequence[str]) -> Array:
    """Of each account and day over the signals `members`; NaN where none is measured."""
    at = rows.of(members)
    at = at[~np.isnan(rows.subscore[at])]
    day, size = rows.day[at], rows.days.height
    total = np.bincount(day, weights=rows.subscore[at], minlength=size)
    number = np.bincount(day, minlength=size)
    return np.asarray(np.divide(total, number, out=np.full(size, np.nan), where=number > 0))
