"""The values that can be compared with others."""

from __future__ import annotations

import polars as pl


def measured(values: pl.DataFrame) -> pl.DataFrame:
    """The measured rows of `frames.SIGNAL_VALUES`.

    Raises:
        ValueError: one of them has no finite value; the text names it.
    """
    rows = values.filter(pl.col("status") == "measured")
    refuse_broken(rows)
    return rows


def refuse_broken(values: pl.DataFrame) -> None:
    """Refuse measured rows without a finite value.

    Raises:
        ValueError: there is one; the text names it.
    """
    finite = pl.col("value").is_finite().fill_null(False)
    broken = values.filter((pl.col("status") == "measured") & ~finite)
    if not broken.is_empty():
        row = broken.row(0, named=True)
        raise ValueError(
            f"signal {row['signal']!r} of account {row['account_id']!r} on {row['date']} (and "
            f"{broken.height - 1} more rows) is measured with value {row['value']}; a measured "
            "value is a finite number, anything else is missing"
        )
