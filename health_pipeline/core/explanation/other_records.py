"""Moves of scores between days on which other records made up the account."""

from __future__ import annotations

import polars as pl

COMPARISON = ("account_id", "date", "compared_with")


def told_by_identity(parts: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    """`parts`, those of accounts that other records make up now as one part: `identity`.

    The raw values of the two days are those of different records, so nothing tells what the
    customer did from what joined or left.

    Args:
        parts: `RESULT_TABLES["score_changes"]`.
        moved: `account_id`, `since`: the first day scored with other records than the day before.
    """
    across = pl.col("since").is_between("compared_with", "date", closed="right")
    touched = parts.join(moved, on="account_id").filter(across).select(COMPARISON).unique()
    whole = (
        parts.join(touched, on=COMPARISON, how="semi", maintain_order="left")
        .unique(COMPARISON, keep="first", maintain_order=True)
        .with_columns(
            pl.lit(None, pl.String).alias("signal"),
            pl.lit("identity").alias("effect"),
            pl.col("delta").alias("points"),
        )
    )
    rest = parts.join(touched, on=COMPARISON, how="anti", maintain_order="left")
    return pl.concat([rest, whole.select(parts.columns)])
