"""In which order accounts stand: those that somebody should look at first."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from health_pipeline.core.report.read import AT_RISK, WEEK, Read
from health_pipeline.core.schemas.words import floored

MOST_MOVERS = 100
"""So many of the largest falls, and of the largest rises, are shown."""

LEAST_MOVE = 1.0
"""Points; a smaller move of a week is no news."""

MOST_DETAILS = 15_000
"""Accounts that open to all of their figures, at most."""

ALL_DETAILS = 2_000
"""A portfolio up to this size has the figures of every account, healthy ones too."""


def moves(read: Read) -> pl.DataFrame:
    """`account_id`, `before`, `moved`: last week's score and the move, as shown (one decimal).

    Accounts that were scored on both days only. The move is that of the two shown scores, so that
    the three figures agree on the page.
    """
    if read.day is None:
        return pl.DataFrame(
            schema={"account_id": pl.String, "before": pl.Float64, "moved": pl.Float64}
        )
    then = read.history.filter(pl.col("date") == read.day - timedelta(days=WEEK))
    both = then.select("account_id", before=floored(pl.col("score"))).join(
        read.scores.select("account_id", now=floored(pl.col("score"))), "account_id"
    )
    moved = (pl.col("now") - pl.col("before")).round(1)
    return both.drop_nulls().select("account_id", "before", moved=moved)


def movers(read: Read) -> pl.DataFrame:
    """The largest falls and rises of the week: `moves`, the largest fall first."""
    found = moves(read).filter(pl.col("moved").abs() >= LEAST_MOVE).sort("moved", "account_id")
    falls = found.filter(pl.col("moved") < 0).head(MOST_MOVERS)
    return pl.concat([falls, found.filter(pl.col("moved") > 0).tail(MOST_MOVERS)])


def ordered(read: Read) -> pl.DataFrame:
    """Every account of the day in order, with `has_details`.

    Returns:
        `account_id`, `has_details`. Red first, then movers, Yellow, those without a score, the
        rest; in each the largest ARR first. Those with details stand before all others.
    """
    is_mover = pl.col("account_id").is_in(movers(read)["account_id"].implode())
    tier = pl.col("tier")
    rank = (
        pl.when(tier == "red")
        .then(0)
        .when(is_mover)
        .then(1)
        .when(tier.is_in(AT_RISK))
        .then(2)
        .when(tier == "unscored")
        .then(3)
        .otherwise(4)
    )
    ranked = read.scores.select("account_id", "arr", rank=rank).sort(
        "rank", "arr", "account_id", descending=[False, True, False], nulls_last=True
    )
    last = 4 if ranked.height <= ALL_DETAILS else 3
    place = pl.int_range(pl.len())
    return ranked.select(
        "account_id", has_details=(pl.col("rank") <= last) & (place < MOST_DETAILS)
    )
