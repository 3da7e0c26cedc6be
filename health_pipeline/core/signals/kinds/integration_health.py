"""Share of the crucial integrations that are in order (R37): status and freshness of their data.

In order: the latest observation says ok, and data came within `late_syncs` intended intervals
before it. Degraded, or late data, counts half; failed counts nothing, and while one has failed the
value is at most 40, so that a long list hides no failure. An observation holds until the next
one, at most `max_age_hours`; older ones count only when an account has no other, and are stale.
Whether an integration is crucial is said by its latest observation, too.
Not applicable for an account whose integrations are not crucial; missing for one without any.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.schemas.time import end_of
from health_pipeline.core.signals.answers import answers, not_applicable, rows
from health_pipeline.core.signals.kind import NOT_APPLICABLE, STALE, KindMeta

FAILED_AT_MOST = 40.0
FORGOTTEN_DAYS = 30
"""Who was last observed longer ago is unknown."""

KEY = ["account_id", "source", "integration_id"]
COLUMNS = [
    *KEY,
    "name",
    "observed_at",
    "status",
    "is_crucial",
    "last_synced_at",
    "expected_sync_hours",
]


class Params(Frozen):
    """`crucial`: names of the crucial integrations; empty = those marked so by their source.

    `max_age_hours`: how long an observation holds. `late_syncs`: data older than so many intended
    intervals are late.
    """

    crucial: tuple[str, ...] = ()
    max_age_hours: int = Field(default=48, ge=1)
    late_syncs: float = Field(default=2.0, ge=1)


META = KindMeta(
    reads=("integrations",),
    unit="%",
    higher_is_better=True,
    leading=True,
    default_knots=(0.0, 50.0, 80.0, 100.0),
    ttl_days=2.0,
    half_life_days=2.0,
    discrete=True,
    healthy_range="all crucial integrations ok, with data as fresh as intended",
    risk_pattern="a crucial integration has failed",
    kpi="integration uptime",
    risk_sentence="crucial integrations in trouble: {detail}",
    strength_sentence="crucial integrations: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent in order; `detail` names the worst one and the day since which it has failed."""
    if not (params.crucial or view.has("integrations", "is_crucial")):
        return not_applicable(view)
    is_crucial = pl.col("name").is_in(params.crucial) if params.crucial else pl.col("is_crucial")
    since = timedelta(hours=params.max_age_hours)
    lately = pl.col("observed_at") > end_of(view.day) - timedelta(days=FORGOTTEN_DAYS)
    remembered = rows(view, "integrations").select(COLUMNS).filter(lately)
    holds = pl.col("observed_at") >= end_of(view.day) - since
    held = _last(remembered.filter(holds).pipe(read)).filter(is_crucial)
    without = view.accounts.join(held, on="account_id", how="anti")["account_id"]
    failed = held.filter(pl.col("status") == "failed")["account_id"]
    # Most accounts hold and are in order: what was seen earlier is searched for the others only.
    asked = pl.concat([without, failed]).unique()
    every = remembered.filter(pl.col("account_id").is_in(asked.implode())).pipe(read)
    crucial = every.join(_last(every).filter(is_crucial), on=KEY, how="semi")
    older = crucial.filter(pl.col("account_id").is_in(without.implode()))
    latest = _latest(held, older, params)
    judged = latest.group_by("account_id").agg(
        n=pl.len(),
        fine=(pl.col("points") == 1).sum(),
        share=100.0 * pl.col("points").mean(),
        failed=(pl.col("points") == 0).any(),
        observed_on=pl.col("observed_at").max().dt.date(),
        old=pl.col("old").any(),
    )
    share = pl.when("failed").then(pl.min_horizontal("share", FAILED_AT_MOST)).otherwise("share")
    in_order = pl.format("{} of {} in order", "fine", "n")
    found = judged.join(_worst(latest, crucial), on="account_id", how="left").select(
        "account_id",
        "observed_on",
        value=share,
        status=pl.when("old").then(pl.lit(STALE)),
        detail=pl.concat_str("trouble", in_order, separator="; ", ignore_nulls=True),
    )
    others = (
        every.filter(~is_crucial.fill_null(False), pl.col("account_id").is_in(without.implode()))
        .select("account_id")
        .unique()
        .join(found, on="account_id", how="anti")
    )
    none = others.with_columns(status=pl.lit(NOT_APPLICABLE))
    return answers(view, pl.concat([found, none], how="diagonal"))


def _last(seen: pl.DataFrame) -> pl.DataFrame:
    """The last observation of each integration."""
    return seen.sort("observed_at").unique(KEY, keep="last", maintain_order=True)


def _latest(held: pl.DataFrame, older: pl.DataFrame, params: Params) -> pl.DataFrame:
    """The observation in force of each integration, with `late` (data), `points`, and `old`.

    Args:
        held: the last observation of each integration, if it still holds.
        older: observations of accounts that have none of these.
        params: when data are late.
    """
    intended = pl.duration(minutes=60.0 * params.late_syncs * pl.col("expected_sync_hours"))
    late = (pl.col("observed_at") - pl.col("last_synced_at") > intended) & (
        pl.col("expected_sync_hours") > 0
    )
    points = (
        pl.when(pl.col("status") == "failed")
        .then(0.0)
        .when((pl.col("status") == "degraded") | pl.col("late"))
        .then(0.5)
        .otherwise(1.0)
    )
    both = [
        held.with_columns(old=pl.lit(value=False)),
        _last(older).with_columns(old=pl.lit(value=True)),
    ]
    return pl.concat(both).with_columns(late=late.fill_null(False)).with_columns(points=points)


def _worst(latest: pl.DataFrame, crucial: pl.DataFrame) -> pl.DataFrame:
    """`account_id`, `trouble`: the worst integration of each account that has one, in words."""
    in_trouble = latest.filter(pl.col("points") < 1)
    has_failed = pl.col("status") == "failed"
    last_good = pl.col("observed_at").filter(~has_failed).max()
    began = pl.col("observed_at").filter(has_failed & (pl.col("observed_at") > last_good))
    since = (
        crucial.join(in_trouble.filter(has_failed), on=KEY, how="semi")
        .group_by(KEY)
        .agg(
            since=pl.coalesce(
                pl.format("{}", began.min().dt.date()),
                pl.format("{} or before", pl.col("observed_at").min().dt.date()),
            )
        )
    )
    words = (
        pl.when(has_failed)
        .then(pl.format("{} failed on {}", "name", "since"))
        .when(pl.col("status") == "degraded")
        .then(pl.format("{} degraded on {}", "name", pl.col("observed_at").dt.date()))
        .otherwise(
            pl.format("{} without data since {}", "name", pl.col("last_synced_at").dt.date())
        )
    )
    return (
        in_trouble.join(since, on=KEY, how="left")
        .select("account_id", "points", trouble=words)
        .sort("points", "trouble")
        .unique("account_id", keep="first", maintain_order=True)
        .drop("points")
    )
