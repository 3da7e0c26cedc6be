"""Renewals that come up, with what the discount guard says of them."""

from __future__ import annotations

from typing import Any

import polars as pl

from health_pipeline.core.report.read import Read
from health_pipeline.core.schemas.currency import in_currency
from health_pipeline.core.schemas.deals import is_open

RENEWAL_DAYS = 90
PAST_DAYS = 90
"""An open renewal that is overdue for longer is not listed; how many there are is told."""

KEY = ["source", "opportunity_id"]


def renewals(read: Read, currency: str) -> dict[str, Any]:
    """Open renewals due within `RENEWAL_DAYS`, and those overdue, the earliest first.

    Args:
        read: the published day.
        currency: of the model: an amount of another one is not shown, and in no sum.

    Returns:
        `from_crm`: False where no renewals table is connected; the dates are then those of the
        contracts (`accounts.renews_on`), and nothing is asked of the guard. `rows` (columns):
        `id` (account), `on` (ISO date), `days` (negative: overdue), `amount`, `asked` (discount in
        %), `decision`, `why`. `ahead` and their `amount` (null: not known), `overdue`, `blocked`,
        `foreign` (of another currency): how many of them. `long_overdue`: open, and overdue for
        more than `PAST_DAYS`.
    """
    from_crm = read.renewals is not None
    table = read.renewals
    found = _of_contracts(read) if table is None else _of_crm(read, table, currency)
    days = (pl.col("on") - pl.lit(read.day, pl.Date)).dt.total_days()
    dated = found.with_columns(days=days).join(read.scores, "account_id", "semi")
    near = dated.filter(pl.col("days").is_between(-PAST_DAYS, RENEWAL_DAYS))
    ahead = near.filter(pl.col("days") >= 0)
    return {
        "from_crm": from_crm,
        "ahead": ahead.height,
        "amount": ahead["amount"].sum() if ahead["amount"].count() else None,
        "overdue": near.height - ahead.height,
        "blocked": near.filter(pl.col("decision") == "block").height,
        "foreign": near["foreign"].sum(),
        "rows": _columns(near.sort("on", "account_id", "opportunity_id", nulls_last=True)),
        "long_overdue": dated.filter(pl.col("days") < -PAST_DAYS).height,
    }


def _columns(frame: pl.DataFrame) -> dict[str, list[Any]]:
    return frame.select(
        pl.col("account_id").alias("id"),
        pl.col("on").cast(pl.String),
        "days",
        pl.col("amount").round().cast(pl.Int64),
        "asked",
        "decision",
        "why",
    ).to_dict(as_series=False)


def _of_crm(read: Read, table: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Renewals that nobody has won, lost or closed yet."""

    def given(name: str, dtype: pl.DataType) -> pl.Expr:
        there = pl.col(name) if name in table.columns else pl.lit(None)
        return there.cast(dtype)

    wanted = table.filter(pl.col("kind") == "renewal", is_open(table.columns)).select(
        *KEY,
        "account_id",
        on=given("close_on", pl.Date()),
        amount=given("amount", pl.Float64()),
        currency=given("currency", pl.String()),
        asked=given("discount_requested_pct", pl.Float64()),
    )
    decided = read.guard.select(*KEY, "decision", "why")
    amount, ours = pl.col("amount"), in_currency(currency)
    return wanted.join(decided, KEY, "left").with_columns(
        amount=pl.when(ours).then(amount), foreign=amount.is_not_null() & ~ours
    )


def _of_contracts(read: Read) -> pl.DataFrame:
    """Contract ends; an end in the past says only that nobody told of the next term."""
    ends = read.accounts.filter(pl.col("renews_on") >= pl.lit(read.day, pl.Date))
    return ends.select(
        "account_id",
        on="renews_on",
        amount=pl.col("arr").cast(pl.Float64),
        foreign=pl.lit(value=False),
        opportunity_id=pl.lit(None, pl.String),
        asked=pl.lit(None, pl.Float64),
        decision=pl.lit(None, pl.String),
        why=pl.lit(None, pl.String),
    )
