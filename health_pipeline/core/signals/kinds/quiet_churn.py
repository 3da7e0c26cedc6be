"""Use falls while the customer says nothing of it (R35, R41, R43, compound).

Falling = active users (days of use, where no user is ever shown) of both of the last two weeks ≤
75 % of the account's own prior 8-week median, and of what those weeks were to everyone. Saying
nothing = in `window_days` no more tickets than the account usually opens, none escalated, no
request for fewer seats, no cancellation notice. Contacts do not count: that we call does not mean
that they tell us. Value = % of use lost while quiet, 0 otherwise. Missing for an account of which
no fall could be told (`usage_fall`), or that support has never seen: its silence would not be its
own.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable, rows
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import ticket_rate, tickets
from health_pipeline.core.signals.usage_fall import usage_fall


class Params(Frozen):
    """`window_days`: the days of silence; `earlier_days`: the days before them that are usual."""

    window_days: int = Field(default=30, ge=1)
    earlier_days: int = Field(default=150, ge=1)


META = KindMeta(
    reads=("events", "usage_daily", "tickets", "seat_requests"),
    unit="% of use lost in silence",
    higher_is_better=False,
    leading=True,
    default_knots=(75.0, 20.0, 10.0, 0.0),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="0: use holds, or the customer tells what is wrong",
    risk_pattern="a quarter of use or more lost for two weeks, and not a word to support",
    kpi="WAU trend",
    risk_sentence="leaving quietly: {detail}",
    strength_sentence="not leaving quietly: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent; `detail` gives the fall and the tickets."""
    fall = usage_fall(view) if "tickets" in view.tables else None
    if fall is None:
        return not_applicable(view)
    rate = ticket_rate(view, params.window_days, params.earlier_days)
    joined = fall.join(rate, on="account_id", how="left", maintain_order="left")
    spoke = _spoke(view, view.day - timedelta(days=params.window_days))
    quiet = (pl.col("opened") <= pl.col("usual").fill_null(0.0)) & ~pl.col("account_id").is_in(
        spoke.implode()
    )
    known = pl.col("falls").is_not_null() & pl.col("opened").is_not_null()
    usual = pl.format(", usually {}", pl.col("usual").round(1)).fill_null("")
    heard = pl.format(
        f"{{}}, tickets in {params.window_days} days: {{}}{{}}", "words", "opened", usual
    )
    return answers(
        view,
        joined.select(
            "account_id",
            "observed_on",
            value=pl.when(known).then(pl.when(quiet).then("loss").otherwise(0.0)),
            detail=pl.when("falls").then(heard).otherwise("words"),
        ),
    )


def _spoke(view: DayView, since: date) -> pl.Series:
    """Accounts that said by other ways than a ticket's number that something is wrong."""
    told = [view.accounts.drop_nulls("cancellation_notice_on")["account_id"]]
    if view.has("tickets", "escalated_at"):
        escalated = pl.col("escalated_at").dt.date() > since
        told.append(tickets(view).filter(escalated).select("account_id").pipe(read).to_series())
    if "seat_requests" in view.tables:
        asked = (pl.col("requested_on") > since) & (pl.col("seats") < 0)
        told.append(rows(view, "seat_requests").filter(asked).pipe(read)["account_id"])
    return pl.concat(told).unique()
