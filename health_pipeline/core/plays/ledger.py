"""The 24-hour ledger: from what happened to what somebody did about it (R5, R90)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.results import RESULT_TABLES

HISTORY = ("backfilled", "muted", "held_out")
"""Outcomes of plays that nobody was to work on."""

LIVE = timedelta(hours=36)
"""A task that came later after its day was made of history, which is no delay of the system."""

LIMIT_HOURS = 24.0

LEGS: dict[str, tuple[str, str]] = {
    "event to known": ("occurred_at", "known_at"),
    "known to scored": ("known_at", "scored_at"),
    "scored to alerted": ("scored_at", "alerted_at"),
    "known to task": ("known_at", "task_at"),
    "task to first touch": ("task_at", "first_touch_at"),
}
"""Leg → where it begins and ends. `known to task` is the system's, the last one people's."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was delivered: `alerts` and `deliveries`, both of `RESULT_TABLES`."""

    alerts: pl.DataFrame
    deliveries: pl.DataFrame


def action_ledger(
    plays: pl.DataFrame,
    tasks: pl.DataFrame,
    scores: pl.DataFrame,
    reasons: pl.DataFrame,
    told: Told,
) -> pl.DataFrame:
    """The way of each play from the event to the first touch.

    Args:
        plays: `RESULT_TABLES["plays"]`.
        tasks: `play_id`, `task_at`: when a play first stood where people see it.
        scores: `account_id`, `date`, `scored_at` of the days on which plays opened.
        reasons: `RESULT_TABLES["reason_codes"]` of those days.
        told: alerts and their deliveries.

    Returns:
        `RESULT_TABLES["action_ledger"]`, one row a play that somebody was to work on. `occurred_at`
        is the day of the newest information behind its reason, `known_at` the end of the day that
        was scored; what has not happened yet is null. `is_live` is false for plays of history.
    """
    table = RESULT_TABLES["action_ledger"]
    opened = plays.filter(~pl.col("outcome").is_in(HISTORY).fill_null(value=False)).with_columns(
        pl.col("opened_at").dt.date().alias("date"), pl.col("opened_at").alias("known_at")
    )
    seen = (
        reasons.filter(pl.col("direction") == "risk")
        .sort("account_id", "date", "rank")
        .unique(["account_id", "date", "reason_code"], keep="first", maintain_order=True)
        .select(
            "account_id",
            "date",
            "reason_code",
            pl.col("evidence").struct.field("observed_on").cast(TIMESTAMP).alias("occurred_at"),
        )
    )
    whole = (
        opened.join(seen, on=["account_id", "date", "reason_code"], how="left")
        .join(scores.select("account_id", "date", "scored_at"), ["account_id", "date"], "left")
        .join(tasks.select("play_id", "task_at"), on="play_id", how="left")
        .join(_first_told(opened, told), on="play_id", how="left")
    )
    live = (pl.col("task_at") - pl.col("known_at")) <= LIVE
    return table.conform(whole.with_columns(live.fill_null(value=False).alias("is_live")))


def _first_told(plays: pl.DataFrame, told: Told) -> pl.DataFrame:
    """`play_id`, `alerted_at`: the first delivery about the account since it was known."""
    sent = (
        told.deliveries.filter(pl.col("ok"))
        .join(told.alerts.select("alert_id", "account_id"), on="alert_id")
        .select("account_id", "at")
    )
    return (
        plays.select("play_id", "account_id", "known_at", "closed_at")
        .join(sent, on="account_id")
        .filter(
            (pl.col("at") >= pl.col("known_at"))
            & (pl.col("closed_at").is_null() | (pl.col("at") <= pl.col("closed_at")))
        )
        .group_by("play_id")
        .agg(pl.col("at").min().alias("alerted_at"))
    )


def leg_hours(ledger: pl.DataFrame) -> pl.DataFrame:
    """Hours of each leg over the live rows: `leg`, `n`, `p50`, `p95`, `longest`."""
    live = ledger.filter("is_live")
    rows = []
    for leg, (start, end) in LEGS.items():
        hours = live.select((pl.col(end) - pl.col(start)).dt.total_seconds() / 3600).to_series()
        known = hours.drop_nulls()
        rows.append(
            (leg, len(known), *(known.quantile(q, "linear") for q in (0.5, 0.95)), known.max())
        )
    return pl.DataFrame(
        rows,
        schema={
            "leg": pl.String,
            "n": pl.Int64,
            "p50": pl.Float64,
            "p95": pl.Float64,
            "longest": pl.Float64,
        },
        orient="row",
    )


def late_tasks(ledger: pl.DataFrame) -> pl.DataFrame:
    """Live plays whose task came later than 24 hours after what it is about was known."""
    took = (pl.col("task_at") - pl.col("known_at")).dt.total_seconds() / 3600
    return ledger.filter("is_live").filter(took > LIMIT_HOURS)


def untouched(ledger: pl.DataFrame, now: pl.Expr) -> pl.DataFrame:
    """Live plays that nobody touched within 24 hours of their task, by owner.

    Args:
        ledger: `RESULT_TABLES["action_ledger"]`.
        now: the moment that counts for what is still untouched.

    Returns:
        `owner_email`, `tasks`, `late`, `p50_hours` and `p95_hours` from the task to the first
        touch (of those touched, linear between two), most late ones first.
    """
    until = pl.coalesce("first_touch_at", "closed_at", now)
    hours = (until - pl.col("task_at")).dt.total_seconds() / 3600
    touched = (pl.col("first_touch_at") - pl.col("task_at")).dt.total_seconds() / 3600
    return (
        ledger.filter("is_live")
        .group_by(pl.col("owner_email").fill_null("unowned"))
        .agg(
            pl.len().cast(pl.Int64).alias("tasks"),
            (hours > LIMIT_HOURS).sum().cast(pl.Int64).alias("late"),
            touched.quantile(0.5, "linear").alias("p50_hours"),
            touched.quantile(0.95, "linear").alias("p95_hours"),
        )
        .sort(["late", "owner_email"], descending=[True, False])
    )
