"""`events` and `usage_daily`: who sends events, and who sends only aggregates of a day."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from health_pipeline.adapters.sample.events import month_events
from health_pipeline.adapters.sample.window import month_days
from health_pipeline.adapters.sample.workforce import Workforce
from health_pipeline.core.schemas.sources import SOURCE_TABLES

WHOLE_ACCOUNT = pl.lit(None, dtype=pl.String).alias("source_user_id")


def events_and_usage(
    seed: int, force: Workforce, reporting: set[int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The two usage tables; accounts numbered in `reporting` send aggregates in place of events."""
    numbers = sorted(reporting)
    sent, kept = [], []
    for first in force.window.months:
        month = month_events(seed, force, month_days(first))
        reports = pl.col("account").is_in(numbers)
        kept.append(month.filter(reports).unique("event_id", keep="first", maintain_order=True))
        sent.append(month.filter(~reports).drop("account"))
    events = pl.concat(sent).cast(dict(SOURCE_TABLES["events"].schema))  # type: ignore[arg-type]
    return events, _daily(pl.concat(kept)).filter(~pl.col("day").is_in(force.window.product_gaps))


def _daily(events: pl.DataFrame) -> pl.DataFrame:
    """The usage object of contracts.md, one row an account, day and metric."""
    table = SOURCE_TABLES["usage_daily"]
    raw = events.with_columns(
        pl.col("occurred_at").dt.date().alias("day"),
        pl.format("ws_{}", pl.col("account").cast(pl.String).str.zfill(4)).alias(
            "source_account_id"
        ),
    )
    keys = ["source_account_id", "day"]
    sums = [
        raw.drop_nulls(column)
        .group_by(*keys, pl.format(f"{prefix}:{{}}", pl.col(column)).alias("metric"))
        .agg(pl.col("quantity").sum().alias("value"))
        for column, prefix in (("event_name", "event"), ("feature", "feature"))
    ]
    counts = [_active_users(raw, window) for window in (1, 7, 30)]
    return (
        pl.concat([*sums, *counts])
        .with_columns(pl.lit("product").alias("source"), WHOLE_ACCOUNT)
        .select([c for c in table.names if c != "known_at"])
        .sort(*keys, "metric")
    )


def _active_users(raw: pl.DataFrame, window: int) -> pl.DataFrame:
    """Distinct users in the `window` days that end on `day`, on every day that has any."""
    user_days = (
        raw.drop_nulls("source_user_id")
        .select("source_account_id", "source_user_id", "day")
        .unique()
    )
    shifted = [user_days.with_columns(pl.col("day") + timedelta(days=n)) for n in range(window)]
    name = "active_users" if window == 1 else f"active_users_{window}d"
    return (
        pl.concat(shifted)
        .unique()
        .group_by("source_account_id", "day")
        .agg(pl.len().cast(pl.Float64).alias("value"))
        .select("source_account_id", "day", pl.lit(name).alias("metric"), "value")
    )
