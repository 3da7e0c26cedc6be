"""Foreign keys that contradict each other: two records of one system claim the same record."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.identity.forest import Ints


def undisputed(
    part: pl.DataFrame, records: pl.DataFrame, labels: Ints, apart: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The foreign keys that may link, and the pairs of those that may not.

    One system that names the same record of another system on two of its records does not say
    which one is meant, so none of the two links: precision first. Claims count as one where a
    person has made the claimants one account; one that a person keeps apart is none.

    Args:
        part: group, rec, known_at, scope, value of keys that several records carry.
        records: `account_records`.
        labels: of what people decided.
        apart: left, right, why.

    Returns:
        `part` without the disputed claims; left, right, why: the claimed record and a claimant.
    """
    rec = part["rec"]
    rows = part.with_columns(
        records["source"].gather(rec).alias("by"),
        records["source_account_id"].gather(rec).alias("key"),
        pl.Series("label", labels[rec.to_numpy()]),
    )
    own = (pl.col("by") == pl.col("scope")) & (pl.col("key") == pl.col("value"))
    owners = rows.filter(own).select("group", pl.col("rec").alias("owner"))
    claims = rows.filter(pl.col("by") != pl.col("scope")).join(owners, on="group")
    for sides in (("rec", "owner"), ("owner", "rec")):
        claims = claims.join(apart, left_on=sides, right_on=["left", "right"], how="anti")
    disputed = claims.filter(pl.col("label").n_unique().over("group", "by") > 1)
    if disputed.is_empty():
        return part, pl.DataFrame()
    many = pl.col("rec").n_unique().over("group", "by")
    number = pl.when(many == 2).then(pl.lit("two")).otherwise(many.cast(pl.String))
    doubts = disputed.select(
        pl.col("owner").alias("left"),
        pl.col("rec").alias("right"),
        pl.format("{} records of {} claim {}:{}", number, "by", "scope", "value").alias("why"),
    )
    return part.join(disputed, on=["group", "rec"], how="anti", maintain_order="left"), doubts
