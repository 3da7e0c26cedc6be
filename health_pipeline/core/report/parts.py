"""What makes a score, and what moved it in a week: parts that add up as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from health_pipeline.core.report.order import moves
from health_pipeline.core.report.read import WEEK, Read
from health_pipeline.core.schemas.words import floored

MOST_PARTS = 7
"""Parts of a move that are named; what is left is one part more."""

REST = "smaller"
"""Effect of the part that stands for the smaller ones."""

ACCOUNT = "account_id"


def drivers(read: Read, accounts: pl.DataFrame, signals: Sequence[str]) -> pl.DataFrame:
    """`account_id`, and the signals that speak as lists, what weighs most against the norm first.

    Lists: `d_signal` (place in `signals`), `d_points` (tenths; they add up to the shown score),
    `d_vs` (tenths, against the segment's norm), `d_weight` (tenths of a percent), `d_sub`
    (subscore), `d_value` and `d_norm` (of the raw value). An account without a score has none.
    """
    seen = read.signals.select(ACCOUNT, "signal", "value", "segment_baseline")
    speaking = (
        read.contributions.filter(pl.col("weight") > 0)
        .join(accounts, ACCOUNT, "semi")
        .join(seen, [ACCOUNT, "signal"], "left")
        .join(read.scores.select(ACCOUNT, "score").drop_nulls(), ACCOUNT)
        .sort(ACCOUNT, "points_vs_reference", "signal")
    )
    return (
        speaking.with_columns(shown=adding_up(pl.col("points"), floored(pl.col("score"))))
        .group_by(ACCOUNT, maintain_order=True)
        .agg(
            d_signal=placed(pl.col("signal"), signals),
            d_points="shown",
            d_vs=(pl.col("points_vs_reference") * 10).round().cast(pl.Int32),
            d_weight=(pl.col("weight") * 1000).round().cast(pl.Int32),
            d_sub=pl.col("subscore").round().cast(pl.Int32),
            d_value=pl.col("value").round_sig_figs(3),
            d_norm=pl.col("segment_baseline").round_sig_figs(3),
        )
    )


def week_moves(read: Read, accounts: pl.DataFrame, signals: Sequence[str]) -> pl.DataFrame:
    """`account_id`, and the parts of the move since last week as lists, the largest first.

    Lists: `m_signal` (place in `signals`; null: all of them), `m_effect`, `m_tenths`. They add up
    to the move that is shown.
    """
    day = None if read.day is None else read.day - timedelta(days=WEEK)
    week = (
        read.changes.filter(pl.col("compared_with").eq_missing(pl.lit(day, pl.Date)))
        .join(accounts, ACCOUNT, "semi")
        .join(moves(read), ACCOUNT)
        .sort(
            *(ACCOUNT, pl.col("points").abs(), "signal", "effect"),
            descending=[False, True, False, False],
        )
        .with_columns(is_rest=pl.int_range(pl.len()).over(ACCOUNT) >= MOST_PARTS)
    )
    rest = (
        week.filter("is_rest")
        .group_by(ACCOUNT)
        .agg(
            pl.lit(None, pl.String).alias("signal"),
            pl.lit(REST).alias("effect"),
            pl.col("points").sum(),
            pl.col("moved", "is_rest").first(),
        )
    )
    columns = (ACCOUNT, "signal", "effect", "points", "moved", "is_rest")
    return (
        pl.concat([week.filter(~pl.col("is_rest")).select(columns), rest.select(columns)])
        .sort(ACCOUNT, "is_rest", maintain_order=True)
        .with_columns(m_tenths=adding_up(pl.col("points"), pl.col("moved")))
        .group_by(ACCOUNT, maintain_order=True)
        .agg(
            placed(pl.col("signal"), signals).alias("m_signal"),
            pl.col("effect").alias("m_effect"),
            "m_tenths",
        )
    )


def placed(name: pl.Expr, names: Sequence[str]) -> pl.Expr:
    """The place of a name among `names`; null for one that is not there."""
    places = {one: place for place, one in enumerate(names)}
    return name.replace_strict(places, default=None, return_dtype=pl.Int16)


def adding_up(parts: pl.Expr, total: pl.Expr) -> pl.Expr:
    """The parts of each account in tenths that add up to the tenths of `total`.

    By largest remainder, of equal ones the first. Where `total` lies a tenth beside the sum, which
    floors of two shown scores can bring about, the first part takes that tenth.
    """
    cut = (parts * 10).floor()
    by_remainder = (parts * 10 - cut).rank("ordinal", descending=True).over(ACCOUNT)
    missing = (total * 10).round() - cut.sum().over(ACCOUNT)
    raised = missing.clip(0, pl.len().over(ACCOUNT))
    is_first = pl.int_range(pl.len()).over(ACCOUNT) == 0
    odd = pl.when(is_first).then(missing - raised).otherwise(0)
    return (cut + (by_remainder <= raised).cast(pl.Float64) + odd).cast(pl.Int32)
