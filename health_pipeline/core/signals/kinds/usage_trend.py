"""Direction of weekly active users against comparable accounts (R35; science.md "Trend and state").

x = log(weekly active users + 1) less the same-week median of the plan; the value is EWMA(.3) −
EWMA(.05) of x, oldest to newest. Missing below 8 weeks of history, or without the last two.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable, usage
from health_pipeline.core.signals.kind import KindMeta

MIN_WEEKS = 8
MIN_PEERS = 5
RECENT_WEEKS, PRIOR_WEEKS, DOWN_SHARE = 2, 8, 0.75


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
    weekly = (
        view.weekly.drop_nulls("active_users")
        .filter(pl.len().over("account_id") >= MIN_WEEKS)
        .join(view.accounts.select("account_id", "plan"), on="account_id")
        .with_columns(x=pl.col("active_users").log1p())
        .with_columns(x=pl.col("x") - _peer_level())
    )
    value = pl.when(_last().len() == RECENT_WEEKS).then(_ewma(0.3) - _ewma(0.05))
    measured = weekly.group_by("account_id").agg(value=value, detail=_words())
    return answers(view, found.select("account_id", "observed_on").join(measured, on="account_id"))


def _peer_level() -> pl.Expr:
    """The same-week median of the plan; of everyone when the plan is too small; else 0.

    Only accounts with enough history are peers, and the kind of comparison is one for all weeks of
    an account: newcomers and thin weeks would otherwise look like a change of level.
    """
    x, plan, accounts = pl.col("x"), pl.col("plan"), pl.col("account_id").n_unique()
    return (
        pl.when(plan.is_not_null() & (accounts.over("plan") >= MIN_PEERS))
        .then(x.median().over("plan", "week"))
        .when(accounts >= MIN_PEERS)
        .then(x.median().over("week"))
        .otherwise(0.0)
    )


def _ewma(alpha: float) -> pl.Expr:
    """Weighted mean of x with weights (1 − alpha)^week, which is the EWMA at the newest week."""
    weight = pl.lit(1.0 - alpha).pow(pl.col("week"))
    return (pl.col("x") * weight).sum() / weight.sum()


def _last() -> pl.Expr:
    return pl.col("active_users").filter(pl.col("week") < RECENT_WEEKS)


def _words() -> pl.Expr:
    """Down only if both of the last two weeks are ≤ 75 % of the prior median (science.md)."""
    before = pl.col("week").is_between(RECENT_WEEKS, RECENT_WEEKS + PRIOR_WEEKS - 1)
    usual = pl.col("active_users").filter(before).median().replace(0.0, None)  # no share of nothing
    share = 100.0 * _last().mean() / usual
    down = _last().max() <= DOWN_SHARE * usual
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
