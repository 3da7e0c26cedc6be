"""Distinct counts that a source gives of its accounts, where it shows no user (R20)."""

from __future__ import annotations

import polars as pl

GIVEN_METRICS = ("active_users", "active_users_7d", "active_users_30d")

GIVEN: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "day": pl.Date(),
    "known_on": pl.Date(),
    **{name: pl.Int64() for name in GIVEN_METRICS},
}
"""Distinct counts that end on `day`, as a source gave them."""


def with_given(
    rows: pl.DataFrame, observed: pl.DataFrame, given: pl.DataFrame, weeks: int
) -> pl.DataFrame:
    """Usage rows with the distinct counts that a source gave, where no user was ever shown.

    Args:
        rows: account_id, date, observed_on, windows and `weekly_users` (lists of `weeks`).
        observed: account_id, date, observed_on: the rows that are asked for.
        given: `GIVEN` rows; of several versions the latest known on the day counts, for an earlier
            week as much earlier, or on the day where none was known then.
        weeks: length of the weekly series.

    Returns:
        The same columns; account-days that only `given` knows are added, their volume null.
    """
    asked = observed.drop_nulls("observed_on").join(given, on="account_id", how="semi")
    if asked.is_empty():
        return rows
    week = pl.DataFrame({"week": range(weeks)}, schema={"week": pl.Int64})
    key = ["account_id", "date", "observed_on"]
    told = _told(asked.select(key).join(week, how="cross"), given)
    shown = rows.join(asked, on=key[:2], how="semi").select(*key, "weekly_users")
    long = shown.with_columns(pl.int_ranges(weeks).alias("week")).explode("week", "weekly_users")
    series = (
        asked.select(key)
        .join(week, how="cross")
        .join(told, on=[*key, "week"], how="left")
        .join(long, on=[*key, "week"], how="left")
        .sort(*key, "week")
        .group_by(key, maintain_order=True)
        .agg(
            pl.coalesce("weekly_users", "given_active_users_7d").alias("weekly_given"),
            *(pl.col(f"given_{name}").first() for name in GIVEN_METRICS[1:]),
        )
    )
    counted = pl.any_horizontal(pl.col("^given_.*$").is_not_null())
    merged = pl.concat(
        [
            rows.join(series, on=key, how="left"),
            series.filter(counted).join(rows, on=key[:2], how="anti"),
        ],
        how="diagonal",
    )
    return (
        merged.with_columns(pl.coalesce(n, f"given_{n}").alias(n) for n in GIVEN_METRICS[1:])
        .with_columns(pl.coalesce("weekly_given", "weekly_users").alias("weekly_users"))
        .select(rows.columns)
        .sort("date", "account_id")
    )


def _told(asked: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """`asked` (account_id, date, observed_on, week) with what was given of the end of each week."""
    back = pl.duration(weeks="week")
    known = (
        asked.with_columns((pl.col("observed_on") - back).alias("day"))
        .join(given, on=["account_id", "day"], how="left")
        .filter((pl.col("known_on") <= pl.col("date")) | pl.col("known_on").is_null())
        .sort("known_on")
    )
    by_then = pl.col("known_on") <= pl.col("date") - back
    return known.group_by(*asked.columns).agg(
        # What came too late for its week counts as known now, like users that were shown late.
        pl.coalesce(
            pl.col(name).filter(by_then).drop_nulls().last(), pl.col(name).drop_nulls().last()
        ).alias(f"given_{name}")
        for name in GIVEN_METRICS[1:]
    )
