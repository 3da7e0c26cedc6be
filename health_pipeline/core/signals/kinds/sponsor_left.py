"""Executive sponsors who are still there: none = the sponsor left without a successor (R50, R72).

A sponsor is a user with `is_sponsor`, and has left once every record of that person is deactivated
or deleted; the mark stays on who left. A successor is another listed sponsor, or whoever an
engagement from that day on calls one; a mail of ours that nobody answered is none. Missing for an
account of which no sponsor is listed, also where the only mark was taken back: a mark that was
wrong looks the same, and is no departure.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable, rows
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.sponsors import as_compared, sponsors, unanswered


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("users", "engagements"),
    unit="sponsors",
    higher_is_better=True,
    leading=True,
    default_knots=(0.0, 0.25, 0.5, 1.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    hard=True,
    healthy_range="at least one executive sponsor who is still there",
    risk_pattern="the executive sponsor left and nobody followed",
    kpi="accounts with an executive sponsor",
    risk_sentence="executive sponsor gone: {detail}",
    strength_sentence="executive sponsor still there ({detail})",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Number of sponsors; `detail` dates the last departure where nobody followed."""
    can_tell = view.has("users", "deactivated_at") or view.has("users", "deleted_at")
    people = sponsors(view)
    if people is None or not (can_tell and view.has("users", "is_sponsor")):
        return not_applicable(view)
    there = pl.col("left_on").is_null()
    listed = people.group_by("account_id").agg(
        here=there.sum(), of=pl.len(), left_on=pl.col("left_on").max()
    )
    left = listed.filter(pl.col("here") == 0)
    followed = _followed(view, left, people)
    gone = pl.format("the last left on {}, no successor", "left_on")
    counted = listed.join(followed, on="account_id", how="left")
    return answers(
        view,
        counted.select(
            "account_id",
            value=pl.max_horizontal("here", pl.col("followed").fill_null(0)),
            detail=pl.when(pl.col("here") > 0)
            .then(pl.format("{} of {} listed", "here", "of"))
            .otherwise(pl.coalesce(pl.format("a successor was met on {}", "met_on"), gone)),
        ),
    )


def _followed(view: DayView, left: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """`account_id`, `followed` (1), `met_on`: a sponsor who is not on the list was met since."""
    if "engagements" not in view.tables:
        return left.select("account_id", met_on="left_on", followed=pl.lit(1)).clear()
    return (
        rows(view, "engagements")
        .filter(pl.col("contact_is_sponsor") & ~unanswered())
        .join(left.lazy().select("account_id", "left_on"), on="account_id")
        .with_columns(on=pl.col("occurred_at").dt.date(), email=as_compared("contact_email"))
        .filter(pl.col("on") >= pl.col("left_on"))
        .join(people.lazy(), on=["account_id", "email"], how="anti")
        .group_by("account_id")
        .agg(followed=pl.lit(1), met_on=pl.col("on").max())
        .pipe(read)
    )
