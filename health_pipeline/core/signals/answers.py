"""How a kind answers: one row for each account, and what counts as connected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import polars as pl

from health_pipeline.core.schemas.day import WINDOW_COLUMNS, DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.signals.kind import MEASURED, MISSING, NOT_APPLICABLE, VALUE_COLUMNS

T = TypeVar("T")


def not_applicable(view: DayView) -> pl.DataFrame:
    """No source provides what the kind needs: out of score and coverage for every account."""
    return _shaped(view.accounts.select("account_id", status=pl.lit(NOT_APPLICABLE)))


def answers(view: DayView, found: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """One row for each account of the day, from the accounts that were found.

    Args:
        view: the day; accounts that are not in `found` are missing.
        found: `account_id` (unique), `value` (null = missing), `detail`, and optionally
            `observed_on` (else the day itself) and `status` (where a kind knows better).

    Returns:
        The columns of `VALUE_COLUMNS`, in the order of the accounts. A null value carries neither
        date nor detail.
    """
    found = found.lazy().pipe(read)
    given = pl.col("status") if "status" in found.columns else pl.lit(None, pl.String())
    seen = pl.col("observed_on") if "observed_on" in found.columns else pl.lit(view.day)
    valued = pl.col("value").is_not_null()
    implied = pl.when(valued).then(pl.lit(MEASURED)).otherwise(pl.lit(MISSING))
    return _shaped(
        in_order(view, found).with_columns(
            status=pl.coalesce(given, implied),
            observed_on=pl.when(valued).then(seen),
            detail=pl.when(valued).then(pl.col("detail")),
        ),
    )


def in_order(view: DayView, found: pl.DataFrame) -> pl.DataFrame:
    """The accounts of the day in their order, each with what was `found` (unique) of it."""
    ids = view.accounts["account_id"]
    if found["account_id"].equals(ids):  # far cheaper than a join
        return found
    return ids.to_frame().join(found, on="account_id", how="left", maintain_order="left")


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    told = {name: dtype for name, dtype in VALUE_COLUMNS.items() if name != "account_id"}
    return rows.select(
        "account_id",
        *(
            (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in told.items()
        ),
    )


def rows(view: DayView, table: str) -> pl.LazyFrame:
    """A connected source table with every column of its contract; undelivered ones are null.

    A query: read is what a kind asks of it, so it narrows rows and columns before it collects.
    """
    frame = view.tables[table].lazy()
    delivered = frame.collect_schema().names()
    return frame.with_columns(
        pl.lit(None, column.dtype).alias(column.name)
        for column in SOURCE_TABLES[table].columns
        if column.name not in delivered
    )


def once(view: DayView, name: str, make: Callable[[], T]) -> T:
    """What `make` gives, worked out once for a `view`: several kinds ask for the same."""
    kept = vars(view)
    if name not in kept:
        kept[name] = make()
    found: T = kept[name]
    return found


def usage(view: DayView, *, users: bool) -> pl.DataFrame | None:
    """The accounts with their windows.

    Args:
        view: the day.
        users: True for what counts distinct users.

    Returns:
        `DayView.usage`, in which `observed_on` and `WINDOW_COLUMNS` are null for an account that
        no source shows. None when no product source is connected, or `users` and none ever shows a
        user.
    """
    # A list of users shows who there is, not what they do.
    connected = bool(view.usage_sources) and view.accounts["has_usage"].any()
    if view.windows.is_empty() and not connected:
        return None
    if users and not view.windows.is_empty() and view.windows["active_users_30d"].is_null().all():
        return None
    shown = pl.when("has_usage").then(pl.col("observed_on", *WINDOW_COLUMNS)).name.keep()
    return once(view, "usage of the connected", lambda: view.usage.with_columns(shown))


def open_ticket() -> pl.Expr:
    """True for a ticket that is not resolved, or was reopened after its resolution."""
    reopened = (pl.col("reopened_at") > pl.col("resolved_at")).fill_null(False)
    return pl.col("resolved_at").is_null() | reopened


def unpaid_invoice() -> pl.Expr:
    """True for an invoice that is neither paid (by date or in full) nor voided nor a credit."""
    settled = (pl.col("amount_paid") >= pl.col("amount")).fill_null(False)
    closed = pl.col("paid_on").is_not_null() | pl.col("voided_on").is_not_null() | settled
    return ~closed & (pl.col("amount") > 0)


def invoices(view: DayView) -> pl.LazyFrame:
    """All invoices of the day: read once, then asked as a query."""
    return once(view, "invoices", lambda: rows(view, "invoices").pipe(read)).lazy()


def latest_sentiments(view: DayView) -> pl.DataFrame:
    """The latest rating of each account; of several at one moment the lowest."""
    return once(view, "latest sentiments", lambda: _latest(view))


def _latest(view: DayView) -> pl.DataFrame:
    return (
        rows(view, "sentiments")
        .select("account_id", "recorded_at", "score")
        .pipe(read)
        .sort("recorded_at", "score", descending=[True, False])
        .unique("account_id", keep="first", maintain_order=True)
    )


def planned_milestones(view: DayView) -> pl.LazyFrame | None:
    """Milestones with `due`, the date of the original plan: a rescheduled date hides no delay.

    Those without any date are left out: they cannot be late. None when no source tells dates, or
    none tells completion, so that everything would look late.
    """
    dated = view.has("milestones", "due_on") or view.has("milestones", "original_due_on")
    if not (dated and view.has("milestones", "completed_on")):
        return None
    return once(view, "planned milestones", lambda: _planned(view)).lazy()


def _planned(view: DayView) -> pl.DataFrame:
    due = pl.coalesce("original_due_on", "due_on")
    asked = ("account_id", "name", "is_onboarding", "starts_on", "completed_on")
    return (
        rows(view, "milestones")
        .select(*asked, due=due)
        .filter(pl.col("due").is_not_null())
        .pipe(read)
    )


def worst_row(rows: pl.LazyFrame, badness: pl.Expr, words: pl.Expr, none: str) -> pl.LazyFrame:
    """The worst row of each account.

    Args:
        rows: a source table.
        badness: how bad a row is; null or not above 0 = not bad.
        words: names a bad row; of several equally bad the first in their order counts.
        none: said of an account without a bad row.

    Returns:
        `account_id` (each one of `rows`), `value` (badness, 0 when nothing is bad), `detail`.
    """
    # Words only for what is bad: most rows are not.
    bad = rows.with_columns(value=badness).filter(pl.col("value") > 0)
    worst = (
        bad.select("account_id", "value", detail=words)
        .sort("value", "detail", descending=[True, False])
        .unique("account_id", keep="first", maintain_order=True)
    )
    return (
        rows.select(pl.col("account_id").unique())
        .join(worst, on="account_id", how="left")
        .with_columns(pl.col("value").fill_null(0), pl.col("detail").fill_null(none))
    )


def seats_known() -> pl.Expr:
    """The contracted seats of an account; null when unknown or not above 0."""
    return pl.when(pl.col("seats") > 0).then(pl.col("seats"))
