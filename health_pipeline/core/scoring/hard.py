"""Hard events lower the held tier at once, without a band (science.md, "Trend and state")."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from health_pipeline.core.schemas.spec import RISK_BELOW, SignalSpec


def hard_events(
    signals: pl.DataFrame, accounts: pl.DataFrame, specs: Sequence[SignalSpec]
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
    hard_names = [spec.name for spec in specs if spec.hard]
    at_risk = (
        signals.filter(
            pl.col("signal").is_in(hard_names)
            & (pl.col("status") == "measured")
            & (pl.col("subscore") < RISK_BELOW)
        )
        .select("account_id", "date", at_risk=pl.lit(True))
        .unique()
    )
    return accounts.join(at_risk, on=["account_id", "date"], how="left").select(
        "account_id",
        "date",
        hard=pl.col("at_risk").fill_null(False) | pl.col("cancellation_notice_on").is_not_null(),
    )
