"""The published row of an account and day."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from health_pipeline.core.schemas.account_days import beside, by_day_account
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.words import NOT_ASKED
from health_pipeline.core.scoring.params import TIER_ORDER


def health_scores(
    raw: pl.DataFrame,
    held: pl.DataFrame,
    gates: pl.DataFrame,
    *,
    model_version: str,
    scored_at: datetime,
) -> pl.DataFrame:
    """Scores, held tiers and gates in one row.

    Args:
        raw: `Scores.raw`, and optionally `frozen_by`, `expansion_index`, `disagreement`.
        held: `tiers.HELD`.
        gates: `gates.GATES`.
        model_version: hash of the resolved model and baseline.
        scored_at: when the run scored, UTC.

    Returns:
        `RESULT_TABLES["health_scores"]`. `gate` is set only where it lowers the tier that the score
        alone would hold, and not where a tier rests at another one than the gate leaves.
        `gate_reason` says why, and which gates could not be asked, unless the tier is the worst
        already. `churn_probability` stands beside the score and is null here: this stage does not
        know it.
    """
    worst = TIER_ORDER[0]
    lowered = (pl.col("tier") == pl.col("cap")) & (pl.col("tier") != pl.col("held_tier"))
    could_be_lower = pl.col("tier").is_in(TIER_ORDER) & (pl.col("tier") != worst)
    not_asked = pl.lit(NOT_ASKED) + pl.col("not_measured")
    parts = [pl.when(lowered).then("gate_reason"), pl.when(could_be_lower).then(not_asked)]
    reasons = pl.concat_str(parts, separator="; ", ignore_nulls=True)
    shape = RESULT_TABLES["health_scores"].columns
    beside_it = [
        name for name in ("frozen_by", "expansion_index", "disagreement") if name not in raw.columns
    ]
    raw = raw.with_columns(pl.lit(None, shape[name]).alias(name) for name in beside_it)
    rows = beside(beside(raw, held), gates).with_columns(
        pl.when(lowered).then("gate").alias("gate"),
        pl.when(pl.any_horizontal(part.is_not_null() for part in parts))
        .then(reasons)
        .alias("gate_reason"),
        pl.lit(None, dtype=pl.Float64).alias("churn_probability"),
        pl.lit(scored_at).alias("scored_at"),
        pl.lit(model_version).alias("model_version"),
    )
    return by_day_account(rows.select(pl.col(name).cast(dtype) for name, dtype in shape.items()))
