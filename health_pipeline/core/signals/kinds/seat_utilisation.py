"""Share of contracted seats that are assigned to a user of the product (R52).

Seats used = users of the product source, created by the day and neither deactivated nor deleted.
Missing without seats, or for an account of which that source shows no user.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable, rows, seats_known
from health_pipeline.core.signals.kind import KindMeta


class Params(Frozen):
    """`source`: the product source by its role or name; null = every source that sends usage."""

    source: str | None = "product"


META = KindMeta(
    reads=("users", "subscriptions"),
    unit="%",
    higher_is_better=True,
    leading=True,
    default_knots=(20.0, 50.0, 70.0, 90.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="at least 70% of the contracted seats assigned",
    risk_pattern="half of the seats or more paid for and not assigned",
    kpi="seat utilisation",
    risk_sentence="{value:.0f}% of contracted seats assigned ({detail})",
    strength_sentence="{value:.0f}% of contracted seats assigned ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent of contracted seats; `detail` gives both figures."""
    if "users" not in view.tables or not view.has("subscriptions", "seats"):
        return not_applicable(view)
    sources = view.usage_sources if params.source is None else _sources(view, params.source)
    is_used = pl.col("deactivated_at").is_null() & pl.col("deleted_at").is_null()
    users = (
        rows(view, "users")
        .filter(pl.col("source").is_in(sources))
        .select("account_id", "user_id", is_used=is_used)
        .pipe(read)
    )
    if users.is_empty():
        return not_applicable(view)
    used, seats = pl.col("used"), seats_known()
    counted = users.lazy().group_by("account_id").agg(used=_people(users))
    return answers(
        view,
        counted.join(view.accounts.lazy(), on="account_id").select(
            "account_id",
            value=100.0 * used / seats,
            detail=pl.format("{} of {} seats", used, seats),
        ),
    )


def _sources(view: DayView, wanted: str) -> set[str]:
    """The sources of that role, and the one of that name."""
    return {wanted, *(source for source, role in view.roles.items() if role == wanted)}


def _people(users: pl.DataFrame) -> pl.Expr:
    """Distinct users with a seat; the quick way where no user has two records (by their hash)."""
    if users["user_id"].hash().n_unique() == users.height:
        return pl.col("is_used").sum()
    return pl.col("user_id").filter("is_used").n_unique()
