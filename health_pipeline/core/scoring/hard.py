"""Hard events lower the held tier at once, without a band (science.md, "Trend and state")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from health_pipeline.core.schemas.account_days import SignalRows, beside, signal_rows
from health_pipeline.core.schemas.spec import RISK_BELOW, SignalSpec


def hard_events(
    signals: pl.DataFrame | SignalRows, accounts: pl.DataFrame, specs: Sequence[SignalSpec]
) -> pl.DataFrame:
    """Whether a hard event stands: a cancellation notice, or risk in a signal marked `hard`.

    Args:
        signals: `RESULT_TABLES["signals"]`.
        accounts: `account_id`, `date`, `cancellation_notice_on` (null: none known).
        specs: the signals.

    Returns:
        `account_id`, `date`, `hard` (bool, never null), one row for each row of `accounts`. It
        stays true while the notice or the risk lasts: until then a tier falls without a band.
    """
    rows = signal_rows(signals)
    at = rows.of({spec.name for spec in specs if spec.hard})
    at = at[rows.measured[at] & (rows.subscore[at] < RISK_BELOW)]
    at_risk = np.bincount(rows.day[at], minlength=rows.days.height) > 0
    of_day = rows.days.with_columns(pl.Series("at_risk", at_risk))
    return beside(accounts, of_day).select(
        "account_id",
        "date",
        hard=pl.col("at_risk").fill_null(False) | pl.col("cancellation_notice_on").is_not_null(),
    )
