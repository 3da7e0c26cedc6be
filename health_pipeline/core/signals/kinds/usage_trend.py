"""Direction of weekly active users against comparable accounts (R35; science.md "Trend and state").

x = log(weekly active users + 1) less the same-week median of the plan; the value is EWMA(.3) −
EWMA(.05) of x, oldest to newest. Missing below 8 weeks of history, or without the last two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import WEEKS, DayView
from health_pipeline.core.signals.answers import answers, not_applicable, usage
from health_pipeline.core.signals.kind import KindMeta

MIN_WEEKS = 8
MIN_PEERS = 5
RECENT_WEEKS, PRIOR_WEEKS, DOWN_SHARE = 2, 8, 0.75
NOTHING = -1

Floats = NDArray[np.float64]
"""A matrix of weeks × accounts, the latest week first, or one figure an account; NaN = unknown."""


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
    users = _by_week(found["weekly_users"])
    x = _against_peers(users, found["plan"])
    trend = _ewma(x, 0.3) - _ewma(x, 0.05)
    # Whoever has weeks is a peer; only who shows usage has a value.
    shown = found["observed_on"].is_not_null().to_numpy()
    trend[~shown | np.isnan(x[:RECENT_WEEKS]).any(axis=0)] = np.nan
    value = pl.Series("value", trend, nan_to_null=True)
    return answers(
        view, found.select("account_id", "observed_on").with_columns(value, _words(users))
    )


def _by_week(weekly: pl.Series) -> Floats:
    """Users of each week, from a list of `WEEKS` an account (null: not in any window)."""
    return np.ascontiguousarray(weekly.list.to_array(WEEKS).to_numpy().astype(np.float64).T)


def _against_peers(users: Floats, plan: pl.Series) -> Floats:
    """Logs of the weeks less the same-week median of the plan; of everyone when it is too small.

    Without enough peers at all, less nothing; NaN for an account of too short a history.
    Only accounts with enough history are peers, and the kind of comparison is one for all weeks of
    an account: newcomers and thin weeks would otherwise look like a change of level.
    """
    x = np.log1p(users)
    enough = (~np.isnan(x)).sum(axis=0) >= MIN_WEEKS
    x[:, ~enough] = np.nan
    names = plan.unique().drop_nulls().sort()
    number = plan.replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int64)
    group = number.to_numpy()  # the last column of levels is that of everyone
    alone = np.bincount(group[enough & (group >= 0)], minlength=len(names)) >= MIN_PEERS
    levels = np.zeros((len(x), len(names) + 1))
    if enough.sum() >= MIN_PEERS and not (alone.all() and (group >= 0).all()):
        levels[:] = _medians(x[:, enough])[:, None]
    for n in np.flatnonzero(alone):
        levels[:, n] = _medians(x[:, enough & (group == n)])
    return np.asarray(x - levels[:, group])


def _medians(x: Floats) -> Floats:
    """The median of each week over those accounts that have it; NaN where nobody does."""
    known = [week[~np.isnan(week)] for week in x]
    return np.array([np.median(week) if week.size else np.nan for week in known])


def _ewma(x: Floats, alpha: float) -> Floats:
    """Weighted mean of x with weights (1 − alpha)^week, which is the EWMA at the newest week.

    The sum is compensated (Kahan), so that a flat line has a trend of exactly 0.
    """
    total, lost, weights = (np.zeros(x.shape[1]) for _ in range(3))
    for n, week in enumerate(x):
        known, weight = ~np.isnan(week), (1.0 - alpha) ** n
        rest = np.where(known, week * weight, 0.0) - lost
        more = total + rest
        lost = more - total - rest
        total, weights = more, weights + known * weight
    return np.asarray(np.divide(total, weights, where=weights > 0, out=np.full_like(total, np.nan)))


def _words(users: Floats) -> pl.Series:
    """Down only if both of the last two weeks are ≤ 75 % of the prior median (science.md)."""
    usual, recent = _usual(users), users[:RECENT_WEEKS]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.rint(100.0 * recent.mean(axis=0) / usual)
        loss = np.rint(100.0 - 100.0 * recent.mean(axis=0) / usual)
    told = (usual > 0) & np.isfinite(share)
    down = told & (recent <= DOWN_SHARE * usual).all(axis=0)
    figure = np.where(told, np.where(down, loss, share), 0.0).astype(np.int64)
    # Few figures are told of many accounts: each sentence is put together once.
    code = np.where(told, 2 * figure + down, NOTHING)
    codes, place = np.unique(code, return_inverse=True)
    return pl.Series("detail", [_sentence(code) for code in codes.tolist()], pl.String)[place]


def _sentence(code: int) -> str:
    """Twice a per cent; odd: by so much down, even: at so much."""
    prior = f"the prior {PRIOR_WEEKS} weeks"
    if code == NOTHING:
        return f"hardly any active users in {prior}"
    if code % 2:
        return f"active users down {code // 2}% against {prior}"
    return f"active users at {code // 2}% of {prior}"


def _usual(users: Floats) -> Floats:
    """The median of the `PRIOR_WEEKS` before the recent ones, over those that are known."""
    prior: NDArray[Any] = np.sort(users[RECENT_WEEKS : RECENT_WEEKS + PRIOR_WEEKS], axis=0)
    known = (~np.isnan(prior)).sum(axis=0)  # unknown ones stand last
    account = np.arange(prior.shape[1])
    low, high = (
        prior[np.maximum(n, 0), account]
        for n in ((known - 1) // 2, np.minimum(known // 2, len(prior) - 1))
    )
    return np.asarray(np.where(known > 0, (low + high) / 2.0, np.nan))
