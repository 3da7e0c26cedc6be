"""Subscriptions that count on a day: in force, or bridging a short gap between two terms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from health_pipeline.core.identity.records import optional
from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.currency import in_currency
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of

_PLANNED = replace(SOURCE_TABLES["subscriptions"], own_first=())
"""The contract without the rule that a row counts from its own date: signed but not started."""

_OPTIONAL: dict[str, pl.DataType] = {
    "plan": pl.String(),
    "seats": pl.Int64(),
    "arr": pl.Float64(),
    "currency": pl.String(),
    "renews_on": pl.Date(),
    "ended_on": pl.Date(),
    "cancellation_notice_on": pl.Date(),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What subscriptions say on one day.

    Attributes:
        rows: the terms that count, one row each, with account_id.
        ended: accounts that had a term once and have none that counts.
    """

    rows: pl.DataFrame
    ended: pl.DataFrame


def terms_on(subscriptions: pl.DataFrame, churn: ChurnDefinition, day: date) -> Terms:
    """The terms that count on `day` (R14).

    In force: starts_on ≤ D < ended_on. Where an account has none in force, a next term counts
    that is signed by D and starts within `grace_days` of the end of the last one.

    Args:
        subscriptions: landed subscriptions, all versions, with account_id.
        churn: the grace days.
        day: the day D.
    """
    known = as_of(_PLANNED, subscriptions, day)
    known = known.with_columns(optional(known, name, dtype) for name, dtype in _OPTIONAL.items())
    started = known.filter(pl.col("starts_on") <= day)
    in_force = started.filter(pl.col("ended_on").is_null())
    lapsed = started.join(in_force, on="account_id", how="anti")
    last_end = lapsed.group_by("account_id").agg(pl.col("ended_on").max().alias("last_end"))
    bridging = (
        known.filter(pl.col("starts_on") > day)
        .join(last_end, on="account_id")
        .filter(pl.col("starts_on") <= pl.col("last_end") + timedelta(days=churn.grace_days))
        .drop("last_end")
    )
    ended = last_end.join(bridging, on="account_id", how="anti").select("account_id")
    return Terms(pl.concat([in_force, bridging]), ended)


def totals(rows: pl.DataFrame, currency: str, day: date) -> tuple[pl.DataFrame, int]:
    """Contract figures for each account, and how many terms are in another currency.

    Money of another currency than `currency` (`in_currency`) is left out of `arr`, never added up.

    Returns:
        account_id, arr (float, null when no term states one), seats, starts_on (the earliest),
        renews_on (the next from `day` on), cancellation_notice_on (the earliest); and the
        number of terms whose arr was left out.
    """
    ours = in_currency(currency)
    foreign = rows.filter(~ours & pl.col("arr").is_not_null()).height

    def total(name: str, counted: pl.Expr) -> pl.Expr:
        values = pl.col(name).filter(counted & pl.col(name).is_not_null())
        return pl.when(values.len() > 0).then(values.sum()).alias(name)

    figures = rows.group_by("account_id").agg(
        total("arr", ours),
        total("seats", pl.lit(value=True)),
        pl.col("starts_on").min(),
        pl.col("renews_on").filter(pl.col("renews_on") >= day).min(),
        pl.col("cancellation_notice_on").min(),
    )
    return figures, foreign
