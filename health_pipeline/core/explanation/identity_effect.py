"""What of a move is identity: records joined or left the account, which is judged by others now.

On the first scored day with other records, what an account does and who it is cannot be told
apart. What the score moved by on that day is identity, and leaves the effects that it would else
stand under.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date

import polars as pl

from health_pipeline.core.explanation.change import LEAST
from health_pipeline.core.schemas.results import RESULT_TABLES

IDENTITY = "identity"
COMPARISON = ["account_id", "date", "compared_with", "delta"]


def join_days(xref: pl.DataFrame, scored: Sequence[date], first: date, last: date) -> pl.DataFrame:
    """The scored days between which records joined an account.

    Args:
        xref: `RESULT_TABLES["account_xref"]`.
        scored: the scored days, ascending.
        first: joins after this day are asked for.
        last: up to this one.

    Returns:
        `account_id`, `date` (first scored day with the record), `compared_with` (the last one
        without it), one row each.
    """
    joined = xref.select("account_id", pl.col("linked_at").dt.date().alias("since"))
    return move_days(joined, scored, first, last)


def move_days(moved: pl.DataFrame, scored: Sequence[date], first: date, last: date) -> pl.DataFrame:
    """`join_days` of accounts that merges and splits gave other records.

    Args:
        moved: `account_id`, `since`: the day from which on other records count.
        scored: the scored days, ascending.
        first: moves after this day are asked for.
        last: up to this one.
    """
    asked = moved.filter((pl.col("since") > first) & (pl.col("since") <= last)).unique()
    between = []
    for day in asked["since"].unique().sort():
        at = bisect_left(scored, day)
        if 0 < at < len(scored):
            between.append((day, scored[at], scored[at - 1]))
    days = pl.DataFrame(
        between,
        schema={"since": pl.Date, "date": pl.Date, "compared_with": pl.Date},
        orient="row",
    )
    return asked.join(days, on="since").drop("since").unique().sort("account_id", "date")


def with_identity(found: pl.DataFrame, jumps: pl.DataFrame) -> pl.DataFrame:
    """`found` with what moved on the days of `jumps` as the effect `identity`.

    Args:
        found: `RESULT_TABLES["score_changes"]`.
        jumps: the same of the days on which records joined, against the scored day before.

    Returns:
        `RESULT_TABLES["score_changes"]`; parts still add up to `delta` within 1e-9.
    """
    if jumps.is_empty():
        return found
    table = RESULT_TABLES["score_changes"]
    within = (pl.col("joined") > pl.col("compared_with")) & (pl.col("joined") <= pl.col("date"))
    moved = (
        found.join(jumps, on="account_id", how="semi")
        .select(COMPARISON)
        .unique()
        .join(
            jumps.select("account_id", "signal", "effect", "points", joined="date"),
            on="account_id",
        )
        .filter(within)
    )
    if moved.is_empty():
        return found
    columns = [*COMPARISON, "signal", "effect", "points"]
    parts = [
        found,
        moved.with_columns(-pl.col("points")),
        moved.with_columns(signal=pl.lit(None, pl.String), effect=pl.lit(IDENTITY)),
    ]
    summed = (
        pl.concat([part.select(columns) for part in parts])
        .group_by(*COMPARISON, "signal", "effect", maintain_order=True)
        .agg(pl.col("points").sum())
    )
    return table.conform(summed.filter(pl.col("points").abs() > LEAST))
