"""Days from kickoff to the account's first value (R36).

Kickoff = the least `starts_on` of the onboarding milestones, without one the account's first
subscription, else its first day. First value = its first core use, or the first completed milestone
with `is_first_value`, whichever came first. Before it: the days waited so far. Judged in the first
`window_days` only; later it is not applicable, since nothing can be done about it any more and
nothing is missing (who still has no core use then is at 0 in core_depth). Missing when kickoff lies
ahead, and when it was before anybody's first core use: use was not recorded yet, and the account
may have had its first value unseen, unless a milestone of first value tells.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable, rows, usage
from health_pipeline.core.signals.kind import NOT_APPLICABLE, KindMeta

NO_USE = (pl.lit(None, pl.Date).alias("first_core_on"), pl.lit(None, pl.Date).alias("observed_on"))


class Params(Frozen):
    """`window_days`: judged for so many days after kickoff."""

    window_days: int = Field(default=180, ge=1)


META = KindMeta(
    reads=("events", "usage_daily", "milestones", "subscriptions"),
    unit="days",
    higher_is_better=False,
    leading=True,
    default_knots=(90.0, 45.0, 21.0, 7.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="first value within 21 days of kickoff",
    risk_pattern="no first value for more than 45 days after kickoff",
    kpi="time to value",
    risk_sentence="slow to first value: {detail}",
    strength_sentence="quick to first value: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Days; `detail` dates kickoff and first value, or says how long it has been awaited."""
    used, planned = _core_use(view), _first_value(view)
    if used is None and planned.is_empty():
        return not_applicable(view)
    found = view.accounts.with_columns(NO_USE) if used is None else used
    kickoff, core, done = (pl.col(name) for name in ("kickoff", "first_core_on", "done_on"))
    recorded_from = pl.lit(found["first_core_on"].min(), pl.Date)  # null: no source tells core use
    recorded = pl.col("has_usage") & (kickoff >= recorded_from).fill_null(False)
    awaited = pl.col("is_planned") & (done.is_not_null() | core.is_null())
    first = pl.when(recorded).then(pl.min_horizontal(core, done)).otherwise(done)
    until = pl.when(recorded).then("observed_on").fill_null(view.day)
    days = (pl.coalesce(first, until) - kickoff).dt.total_days().clip(lower_bound=0)
    # Most accounts are past it: words are put together for the others only.
    over = (pl.lit(view.day) - kickoff).dt.total_days() > params.window_days
    dated = (
        _with_kickoff(view, found.join(planned, on="account_id", how="left", maintain_order="left"))
        .with_columns(pl.col("is_planned").fill_null(False))
        .select(
            *("account_id", kickoff, core),
            first=first,
            days=days,
            told=(recorded | awaited) & (kickoff <= until),
            until=until,
            over=over.fill_null(False),
        )
    )
    young = dated.filter(~pl.col("over")).select(
        "account_id",
        value=pl.when("told").then("days"),
        observed_on="until",
        detail=_words(),
        status=pl.lit(None, pl.String),
    )
    past = dated.filter("over").select(
        "account_id",
        value=pl.lit(None, young.schema["value"]),
        observed_on=pl.lit(None, pl.Date),
        detail=pl.lit(None, pl.String),
        status=pl.lit(NOT_APPLICABLE),
    )
    return answers(view, pl.concat([young, past]))


def _words() -> pl.Expr:
    kickoff, first, days = (pl.col(name) for name in ("kickoff", "first", "days"))
    by_use = first == pl.col("first_core_on")
    what = pl.when(by_use).then(pl.lit("first core use")).otherwise(pl.lit("first value"))
    return (
        pl.when(first.is_not_null())
        .then(pl.format("kickoff {}, {} {}, {} days", kickoff, what, first, days))
        .otherwise(pl.format("kickoff {}, no first value for {} days since", kickoff, days))
    )


def _core_use(view: DayView) -> pl.DataFrame | None:
    """The accounts with `first_core_on` and `observed_on`; None when no source tells core use."""
    found = usage(view, users=False)
    if found is None or "first_core_on" not in found.columns:
        return None
    return found if found["first_core_on"].is_not_null().any() else None


def _first_value(view: DayView) -> pl.DataFrame:
    """The accounts with a milestone of first value: `is_planned` (true), `done_on`."""
    if not view.has("milestones", "is_first_value", "completed_on"):
        return pl.DataFrame(
            schema={
                "account_id": view.accounts.schema["account_id"],
                "is_planned": pl.Boolean,
                "done_on": pl.Date,
            }
        )
    return (
        rows(view, "milestones")
        .filter("is_first_value")
        .group_by("account_id")
        .agg(is_planned=pl.lit(value=True), done_on=pl.col("completed_on").min())
        .pipe(read)
    )


def _with_kickoff(view: DayView, found: pl.DataFrame) -> pl.DataFrame:
    """The accounts with `kickoff`; null when nothing tells it."""
    started, starts = ["first_seen_on"], pl.col("starts_on").min()
    onboarding = pl.col("is_onboarding").fill_null(True)
    for table, counted in (("subscriptions", pl.lit(value=True)), ("milestones", onboarding)):
        if table in view.tables:
            of_account = rows(view, table).filter(counted).group_by("account_id")
            found = found.join(
                of_account.agg(starts.alias(table)).pipe(read),
                on="account_id",
                how="left",
                maintain_order="left",
            )
            started = [table, *started]
    return found.with_columns(kickoff=pl.coalesce(started))
