"""Who the executive sponsors of the customers are, and which of them have left (R50)."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import once, rows


def sponsors(view: DayView) -> pl.DataFrame | None:
    """The listed sponsors of all accounts: users with `is_sponsor`.

    Returns:
        `account_id`, `email` (as compared), `left_on` (date; null = still there), one row a person:
        whom another record still shows has not left. People without an address are told apart by
        nothing: as long as one of them is there, none has left. None when no users are connected.
    """
    if "users" not in view.tables:
        return None
    return once(view, "sponsors", lambda: _listed(view))


def _listed(view: DayView) -> pl.DataFrame:
    left = pl.min_horizontal("deactivated_at", "deleted_at").dt.date()
    return (
        rows(view, "users")
        .filter("is_sponsor")
        .group_by("account_id", email=as_compared("email"))
        .agg(left_on=pl.when(left.is_not_null().all()).then(left.max()))
        .pipe(read)
    )


def as_compared(column: str) -> pl.Expr:
    """An address without the spelling that does not matter."""
    return pl.col(column).str.strip_chars().str.to_lowercase()


def unanswered() -> pl.Expr:
    """True for an outgoing mail, which is no engagement: a reply is one of its own."""
    mail = pl.col("kind").str.to_lowercase() == "email"
    return (mail & (pl.col("direction") == "out")).fill_null(False)
