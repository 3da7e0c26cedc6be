"""Days from a user's first day to their first core use, of those who joined lately (R36).

A user's first day is their earliest `created_at` at a source of usage. Of an account the median of
the users who joined within `window_days` and are still there counts; before the first core use of
one of them, the days waited so far. Below `min_users` of them nobody is judged: not applicable.
Missing where so few of them joined since core use is recorded at all: they may have had their first
value unseen.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import NEW_USER_DAYS, DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable, rows, usage
from health_pipeline.core.signals.kind import NOT_APPLICABLE, KindMeta


class Params(Frozen):
    """`window_days`: who joined within them is new. `min_users`: new users that are judged."""

    window_days: int = Field(default=NEW_USER_DAYS, ge=7, le=NEW_USER_DAYS)
    min_users: int = Field(default=2, ge=1)


META = KindMeta(
    reads=("events", "usage_daily", "users"),
    unit="days",
    higher_is_better=False,
    leading=True,
    default_knots=(45.0, 21.0, 10.0, 2.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="half of the new users have their first core use within 10 days",
    risk_pattern="half of the new users without core use for more than 21 days",
    kpi="time to value",
    risk_sentence="new users are slow to first value: median {value:g} days ({detail})",
    strength_sentence="new users are quick to first value: median {value:g} days ({detail})",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """The median in days; `detail` counts the new users and who of them had core use."""
    found = usage(view, users=True)
    if found is None or not view.has("users", "created_at"):
        return not_applicable(view)
    recorded_from = view.windows["first_core_on"].min()
    if recorded_from is None:  # no source tells core use at all
        return not_applicable(view)
    until = pl.coalesce("observed_on", pl.lit(view.day))
    new = _new_users(view, params).join(
        found.select("account_id", "has_usage", until=until), on="account_id"
    )
    reached = pl.col("first_core_on").is_not_null()
    waited = pl.coalesce("first_core_on", "until") - pl.col("joined_on")
    seen = pl.col("joined_on") >= recorded_from
    counted = (
        new.filter(pl.col("joined_on") <= pl.col("until"), "has_usage")
        .group_by("account_id")
        .agg(
            pl.len().alias("joined"),
            seen.sum().alias("seen"),
            reached.filter(seen).sum().alias("reached"),
            waited.dt.total_days().clip(lower_bound=0).filter(seen).median().alias("median"),
            pl.col("until").max().alias("observed_on"),
        )
    )
    judged = counted.filter(pl.col("joined") >= params.min_users).select(
        "account_id",
        "observed_on",
        value=pl.when(pl.col("seen") >= params.min_users).then("median"),
        detail=pl.format("{} new users, {} of them with core use", "seen", "reached"),
        status=pl.lit(None, pl.String),
    )
    others = found.join(judged, on="account_id", how="anti").select(
        "account_id", status=pl.lit(NOT_APPLICABLE)
    )
    return answers(view, pl.concat([judged, others], how="diagonal"))


def _new_users(view: DayView, params: Params) -> pl.DataFrame:
    """account_id, joined_on, first_core_on (null: none yet): one row a user who is still there."""
    since = view.day - timedelta(days=params.window_days)
    joined, left = pl.col("created_at").dt.date(), ("deactivated_at", "deleted_at")
    users = (
        rows(view, "users")
        .filter(pl.col("source").is_in(view.usage_sources))
        .filter(pl.all_horizontal(pl.col(name).is_null() for name in left))
        .select("account_id", "user_id", joined_on=joined)
    )
    new, person = users.filter(pl.col("joined_on") > since), ("account_id", "user_id")
    old = users.filter(pl.col("joined_on") <= since).join(new, on=person, how="semi")
    people = (
        new.join(old, on=person, how="anti").group_by(person).agg(pl.col("joined_on").min())
    ).pipe(read)
    return people.join(view.first_core(), on="user_id", how="left").drop("user_id")
