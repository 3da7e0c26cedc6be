"""Direction of weekly active users against comparable accounts (R35; science.md "Trend and state").

x = log(weekly active users + 1) less the same-week median of the plan; the value is EWMA(.3) −
EWMA(.05) of x, oldest to newest. Missing below 8 weeks of history, or without the last two.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import WEEKS, DayView
from health_pipeline.core.signals.answers import answers, not_applicable, usage
from health_pipeline.core.signals.kind import KindMeta

MIN_WEEKS = 8
MIN_PEERS = 5
RECENT_WEEKS, PRIOR_WEEKS, DOWN_SHARE = 2, 8, 0.75
WEEK = [f"week_{n}" for n in range(WEEKS)]
RECENT = WEEK[:RECENT_WEEKS]


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    unit="log points",
    higher_is_better=True,
    leading=True,
    default_knots=(-0.5, -0.12, -0.04, 0.05),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="-0.04 or more: active users hold or grow against accounts of the same plan",
    risk_pattern="active users fall for two weeks or more while comparable accounts hold",
    kpi="WAU trend",
    risk_sentence="usage trend behind comparable accounts: {detail}",
    strength_sentence="usage trend level with comparable accounts or ahead: {detail}",
    code_needs="active users down",
    code_otherwise="usage_trend_behind",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Log points; `detail` gives the raw change against the account's own prior 8 weeks."""
    found = usage(view, users=True)
    if found is None:
        return not_applicable(view)
    users = _by_week(found)
    x = _against_peers(users)
    trend = _ewma(x, 0.3) - _ewma(x, 0.05)
    recent_known = x.select(pl.all_horizontal(pl.col(RECENT).is_not_null())).to_series()
    # Whoever has weeks is a peer; only who shows usage has a value.
    valued = users["observed_on"].is_not_null() & recent_known
    return answers(
        view,
        users.select(
            "account_id", "observed_on", value=pl.when(valued).then(trend), detail=_words()
        ),
    )


def _by_week(found: pl.DataFrame) -> pl.DataFrame:
    """`found` with a column for each of `WEEK` and `usual`, the median of the prior weeks."""
    weekly = pl.col("weekly_users")
    return found.with_columns(
        *(weekly.list.get(n, null_on_oob=True).alias(week) for n, week in enumerate(WEEK)),
        usual=weekly.list.slice(RECENT_WEEKS, PRIOR_WEEKS).list.median(),
    )


def _against_peers(users: pl.DataFrame) -> pl.DataFrame:
    """Logs of the weeks less the same-week median of the plan; of everyone when it is too small.

    Without enough peers at all, less nothing; null for an account of too short a history.
    Only accounts with enough history are peers, and the kind of comparison is one for all weeks of
    an account: newcomers and thin weeks would otherwise look like a change of level.
    """
    enough, plan, x = pl.col("enough"), pl.col("plan"), pl.col(WEEK)
    known = pl.sum_horizontal(x.is_not_null())
    logs = users.select(plan, x.log1p(), enough=known >= MIN_WEEKS).with_columns(
        pl.when(enough).then(x).name.keep(),
        of_plan=plan.is_not_null() & (enough.sum().over(plan) >= MIN_PEERS),
        of_all=enough.sum() >= MIN_PEERS,
    )
    level = x.median().over(plan)
    if not logs["of_plan"].all():
        everyone = pl.when("of_all").then(x.median()).otherwise(0.0)
        level = pl.when("of_plan").then(level).otherwise(everyone)
    return logs.select(x - level)


def _ewma(x: pl.DataFrame, alpha: float) -> pl.Series:
    """Weighted mean of x with weights (1 − alpha)^week, which is the EWMA at the newest week."""
    weights = {week: (1.0 - alpha) ** n for n, week in enumerate(WEEK)}
    total = _total(x[week] * weight for week, weight in weights.items())
    return total / _total(0.0 * x[week] + weight for week, weight in weights.items())


def _total(terms: Iterator[pl.Series]) -> pl.Series:
    """Sum of the terms that are not null, compensated (Kahan); null where the first one is."""
    total = next(terms)
    lost = 0.0 * total
    for term in terms:
        rest = term - lost
        more, known = total + rest, term.is_not_null()
        total, lost = more.zip_with(known, total), (more - total - rest).zip_with(known, lost)
    return total


def _words() -> pl.Expr:
    """Down only if both of the last two weeks are ≤ 75 % of the prior median (science.md)."""
    usual = pl.col("usual").replace(0.0, None)  # no share of nothing
    share = 100.0 * pl.mean_horizontal(RECENT) / usual
    down = pl.max_horizontal(RECENT) <= DOWN_SHARE * usual
    prior = f"the prior {PRIOR_WEEKS} weeks"
    return (
        pl.when(usual.is_null())
        .then(pl.lit(f"hardly any active users in {prior}"))
        .when(down)
        .then(pl.format(f"active users down {{}}% against {prior}", _whole(100.0 - share)))
        .otherwise(pl.format(f"active users at {{}}% of {prior}", _whole(share)))
    )


def _whole(number: pl.Expr) -> pl.Expr:
    return number.round().cast(pl.Int64)
