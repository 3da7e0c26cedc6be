"""ARR today against that of 180 days before (R71, lagging; R52).

From the subscriptions as known today: ARR of the terms in force on a day = started by then and not
ended. A term that was changed in place counts before the change with `arr_before` of the first
outcome since then that names it, where outcomes are connected; else the change cannot be seen.
Value = % change. Amounts of different currencies are not added up: missing for an account whose
terms have several; a change in one currency, whichever it is, needs no rate. A term without a
currency is in the model's. Missing also without a term on either day, and for ARR 0 before.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.words import grouped
from health_pipeline.core.signals.answers import answers, not_applicable, rows
from health_pipeline.core.signals.kind import KindMeta


class Params(Frozen):
    """`window_days`: how far back the comparison goes."""

    window_days: int = Field(default=180, ge=1)


META = KindMeta(
    reads=("subscriptions", "outcomes"),
    unit="% change of ARR",
    higher_is_better=True,
    leading=False,
    default_knots=(-50.0, -10.0, -1.0, 10.0),
    ttl_days=30.0,
    half_life_days=30.0,
    discrete=True,
    healthy_range="ARR as half a year ago, or more",
    risk_pattern="ARR more than 10% lower than half a year ago",
    kpi="net revenue retention",
    risk_sentence="contract shrinks: {detail}",
    strength_sentence="contract holds or grows: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent; `detail` gives both amounts."""
    if not view.has("subscriptions", "arr"):
        return not_applicable(view)
    then = view.day - timedelta(days=params.window_days)
    now, before = _in_force(view.day), _in_force(then)
    terms = _with_earlier_arr(view, then).with_columns(
        now=pl.when(now).then("arr"), before=pl.when(before).then("arr_before")
    )
    counted = terms.filter(now | before)
    found = counted.group_by("account_id").agg(
        currencies=pl.col("currency").fill_null(view.currency).str.to_uppercase().n_unique(),
        # A term without an amount would look like one that was lost or won.
        unknown=((now & pl.col("now").is_null()) | (before & pl.col("before").is_null())).any(),
        terms_now=now.any(),
        now=pl.col("now").cast(pl.Float64).sum(),
        before=pl.col("before").cast(pl.Float64).sum(),
    )
    told = (pl.col("currencies") == 1) & ~pl.col("unknown") & pl.col("terms_now")
    amounts = (grouped(pl.col(day).round().cast(pl.Int64)) for day in ("now", "before"))
    return answers(
        view,
        found.select(
            "account_id",
            value=pl.when(told & (pl.col("before") > 0)).then(
                100.0 * (pl.col("now") / pl.col("before") - 1.0)
            ),
            detail=pl.format(f"ARR {{}} today, {{}} on {then}", *amounts),
        ),
    )


def _in_force(day: date) -> pl.Expr:
    ended = (pl.col("ended_on") <= day).fill_null(False)
    return (pl.col("starts_on") <= day) & ~ended


def _with_earlier_arr(view: DayView, then: date) -> pl.LazyFrame:
    """Subscriptions with `arr_before`: their ARR on the day `then`."""
    terms = rows(view, "subscriptions")
    if not view.has("outcomes", "arr_before", "subscription_id"):
        return terms.with_columns(arr_before="arr")
    first = (
        rows(view, "outcomes")
        .filter(pl.col("occurred_on") > then, pl.col("arr_before").is_not_null())
        .sort("occurred_on", "source", "outcome_id")
        .unique(["account_id", "subscription_id"], keep="first", maintain_order=True)
        .select("account_id", "subscription_id", earlier="arr_before")
    )
    return terms.join(
        first, on=["account_id", "subscription_id"], how="left", maintain_order="left"
    ).with_columns(arr_before=pl.coalesce("earlier", "arr"))
