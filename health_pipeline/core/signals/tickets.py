"""How many tickets an account opens, beside how many it usually does (R41)."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import once, rows

COLUMNS = (
    "account_id",
    "source",
    "opened_at",
    "first_responded_at",
    "resolved_at",
    "reopened_at",
    "reopened_count",
    "escalated_at",
)


def tickets(view: DayView) -> pl.LazyFrame:
    """All tickets of the day, of them what signals ask for: read once, then asked as a query."""
    every = once(view, "tickets", lambda: rows(view, "tickets").select(COLUMNS).pipe(read))
    return every.lazy()


def supported(view: DayView) -> pl.DataFrame:
    """`account_id` of those that support has seen: what they do not show counts as none."""
    seen = pl.col("account_id").unique()
    return once(view, "supported", lambda: tickets(view).select(seen).pipe(read))


def ticket_rate(view: DayView, window_days: int, earlier_days: int) -> pl.DataFrame:
    """Tickets of the last `window_days` and what the `earlier_days` before bring in as many days.

    Earlier days count from the account's first day or ticket, and from the first ticket of the
    source, whoever's it is: before that nothing was recorded.

    Returns:
        One row an account that support has seen: `account_id`, `opened`, `usual` (tickets in
        `window_days`; null with less than as many earlier days).
    """
    name = f"ticket_rate {window_days} {earlier_days}"
    return once(view, name, lambda: _rate(view, window_days, earlier_days))


def _rate(view: DayView, window_days: int, earlier_days: int) -> pl.DataFrame:
    recent_from = view.day - timedelta(days=window_days - 1)
    earlier_from = recent_from - timedelta(days=earlier_days)
    opened = tickets(view).select("account_id", "source", on=pl.col("opened_at").dt.date())
    began = opened.group_by("source").agg(recorded=pl.col("on").min()).pipe(read)
    if began.height == 1:  # far cheaper than a join
        opened = opened.with_columns(recorded=began["recorded"].item())
    else:
        opened = opened.join(began.lazy(), on="source")
    on, first_day = pl.col("on"), pl.min_horizontal("first_seen_on", "starts_on")
    start = pl.max_horizontal(
        pl.lit(earlier_from), "recorded", pl.min_horizontal("first_day", "first_ticket")
    )
    days = (pl.lit(recent_from) - start).dt.total_days()
    return (
        opened.group_by("account_id")
        .agg(
            opened=on.is_between(recent_from, view.day).sum(),
            earlier=on.is_between(earlier_from, recent_from, closed="left").sum(),
            first_ticket=on.min(),
            recorded=pl.col("recorded").min(),
        )
        .join(view.accounts.lazy().select("account_id", first_day=first_day), on="account_id")
        .select(
            "account_id",
            "opened",
            usual=pl.when(days >= window_days).then(pl.col("earlier") * window_days / days),
        )
        .pipe(read)
    )
