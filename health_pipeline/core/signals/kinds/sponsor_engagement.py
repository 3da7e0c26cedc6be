"""Days since the last engagement with an executive sponsor who is still there (R50).

A contact is a sponsor by `contact_is_sponsor`, else by `users.is_sponsor` of that email. An
unanswered outgoing mail is no engagement, and contacts with a sponsor who has left count no
more. Without any, the days since the account's first contact of any kind.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, rows
from health_pipeline.core.signals.kind import KindMeta

SPONSOR_COLUMNS = {
    "account_id": pl.String(),
    "email": pl.String(),
    "listed": pl.Boolean(),
    "left_on": pl.Date(),
}


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    unit="days",
    higher_is_better=False,
    leading=True,
    default_knots=(90.0, 30.0, 21.0, 7.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    hard=True,
    healthy_range="an engagement with the sponsor in the last 21 days",
    risk_pattern="no engagement with a sponsor for more than 30 days, or the sponsor left",
    kpi="sponsor engagement",
    risk_sentence="executive sponsor inactive for {value:.0f} days ({detail})",
    strength_sentence="executive sponsor engaged ({detail})",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Days; `detail` dates the last contact or says why there is none."""
    if not _can_tell(view):
        return not_applicable(view)
    contacts = rows(view, "engagements").with_columns(on=pl.col("occurred_at").dt.date())
    sponsors = _sponsors(view)
    met = (
        contacts.filter(pl.col("contact_is_sponsor").fill_null(True))  # null: the list may know
        .filter(~_unanswered())
        .with_columns(email=_email("contact_email"))
        .join(sponsors, on=["account_id", "email"], how="left")
        .filter(
            pl.coalesce("contact_is_sponsor", "listed").fill_null(False),
            pl.col("left_on").is_null(),
        )
    )
    told = (
        contacts.group_by("account_id")
        .agg(first=pl.col("on").min())
        .join(met.group_by("account_id").agg(last=pl.col("on").max()), "account_id", "left")
        .join(sponsors.group_by("account_id").agg(pl.col("left_on").max()), "account_id", "left")
    )
    return answers(
        view,
        told.select(
            "account_id",
            value=(pl.lit(view.day) - pl.coalesce("last", "first")).dt.total_days(),
            detail=pl.coalesce(
                pl.format("last contact on {}", "last"),
                pl.format("the sponsor left on {}", "left_on"),
                pl.lit("no sponsor contact on record"),
            ),
        ),
    )


def _can_tell(view: DayView) -> bool:
    """Whether some source says who is a sponsor."""
    by_email = view.has("engagements", "contact_email") and view.has("users", "email", "is_sponsor")
    return by_email or view.has("engagements", "contact_is_sponsor")


def _unanswered() -> pl.Expr:
    """True for an outgoing mail: a reply is an engagement of its own."""
    mail = pl.col("kind").str.to_lowercase() == "email"
    return (mail & (pl.col("direction") == "out")).fill_null(False)


def _sponsors(view: DayView) -> pl.DataFrame:
    """The listed sponsors: `account_id`, `email`, `listed` (true), `left_on` (null = present)."""
    if "users" not in view.tables:
        return pl.DataFrame(schema=SPONSOR_COLUMNS)
    left = pl.min_horizontal("deactivated_at", "deleted_at").dt.date()
    return (
        rows(view, "users")
        .filter(pl.col("is_sponsor"))
        .group_by("account_id", email=_email("email"))
        .agg(listed=pl.lit(True), left_on=pl.when(left.is_not_null().all()).then(left.max()))
        .select(SPONSOR_COLUMNS.keys())
    )


def _email(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.to_lowercase()
