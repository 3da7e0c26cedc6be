"""Since when a user does what the product is for."""

from __future__ import annotations

from datetime import date

import polars as pl

FIRST_CORE: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    "known_on": pl.Date(),
    "first_core_on": pl.Date(),
}
"""Since known_on it is known that the user's first core use was on first_core_on; a row wherever
that changed: what arrives late may move it to an earlier day."""


def first_core(activity: pl.LazyFrame) -> pl.LazyFrame:
    """When each user first had core use, as known over time, in the shape of `FIRST_CORE`.

    Args:
        activity: `ACTIVITY` rows; `user_id`, `day`, `known_on`, `core_events` are read.
    """
    known_on = pl.max_horizontal("day", "known_on").alias("known_on")
    earliest = pl.col("first_core_on").cum_min().over("user_id", order_by="known_on")
    is_new = pl.col("first_core_on").ne_missing(
        pl.col("first_core_on").shift(1).over("user_id", order_by="known_on")
    )
    return (
        activity.filter(pl.col("core_events") > 0, pl.col("user_id").is_not_null())
        .group_by("user_id", known_on)
        .agg(pl.col("day").min().alias("first_core_on"))
        .with_columns(earliest)
        .filter(is_new)
        .select(*FIRST_CORE)
    )


def core_on(activity: pl.LazyFrame, day: date) -> pl.LazyFrame:
    """`user_id`, `first_core_on` of `ACTIVITY` rows, as known at the end of one day."""
    known = pl.max_horizontal("day", "known_on") <= day
    return (
        activity.filter(known, pl.col("core_events") > 0, pl.col("user_id").is_not_null())
        .group_by("user_id")
        .agg(pl.col("day").min().alias("first_core_on"))
    )


def first_core_as_of(changes: pl.DataFrame, day: date) -> pl.DataFrame:
    """`user_id`, `first_core_on` of `FIRST_CORE` rows, as known at the end of `day`."""
    known = changes.filter(pl.col("known_on") <= day)
    return known.group_by("user_id").agg(pl.col("first_core_on").min())
