"""Direction of weekly active users against comparable accounts (R35; science.md "Trend and state").

x = log(weekly active users + 1) less the same-week median of the plan; the value is EWMA(.3) −
EWMA(.05) of x, oldest to newest. Missing below 8 weeks of history, or without the last two. Of an
account whose sources never show a user, days of use a week stand in for active users.
Where an account is behind though it is not below its own prior weeks, the detail says what it is
behind of: its peers grew more, or it was larger before those weeks.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import WEEKS, DayView
from health_pipeline.core.signals.answers import answers, not_applicable, usage
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.usage_fall import (
    MIN_PEERS,
    MIN_WEEKS,
    RECENT_WEEKS,
    fall_words,
    usual_use,
)
from health_pipeline.core.signals.weekly_use import Flags, Floats, weekly_use

BEHIND = -0.04
"""Log points below which an account is told that it is behind, whatever its own weeks say."""


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("events", "usage_daily"),
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
    risk_sentence="usage falls behind comparable accounts ({detail})",
    strength_sentence="usage keeps up with comparable accounts or better ({detail})",
    code_needs=("active users down", "days of use down"),
    code_otherwise="usage_trend_behind",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Log points; `detail` gives the raw change against the account's own prior 8 weeks."""
    found = usage(view, users=False)
    if found is None:
        return not_applicable(view)
    used, by_days = weekly_use(found)
    x = _against_peers(used, found["plan"])
    trend = _trend(x)
    # Whoever has weeks is a peer; only who shows usage has a value.
    shown = found["observed_on"].is_not_null().to_numpy()
    trend[~shown | np.isnan(x[:RECENT_WEEKS]).any(axis=0)] = np.nan
    value = pl.Series("value", trend, nan_to_null=True)
    words = _words(used, by_days, trend)
    return answers(view, found.select("account_id", "observed_on").with_columns(value, words))


def _against_peers(used: Floats, plan: pl.Series) -> Floats:
    """Logs of the weeks less the same-week median of the plan; of everyone when it is too small.

    Without enough peers at all, less nothing; NaN for an account of too short a history.
    Only accounts with enough history are peers, and the kind of comparison is one for all weeks of
    an account: newcomers and thin weeks would otherwise look like a change of level.
    """
    x = np.log1p(used)
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
    return np.stack([week - level[group] for week, level in zip(x, levels, strict=True)])


def _medians(x: Floats) -> Floats:
    """The median of each week over those accounts that have it; NaN where nobody does."""
    known = [week[~np.isnan(week)] for week in x]
    return np.array([np.median(week) if week.size else np.nan for week in known])


def _trend(x: Floats) -> Floats:
    """EWMA(.3) − EWMA(.05) at the newest week; NaN where that one is not known.

    Both are of the distance to the newest week, so that a flat line has a trend of exactly 0.
    """
    distance = x - x[0]
    known = ~np.isnan(distance)
    distance[~known] = 0.0
    return _ewma(distance, known, 0.3) - _ewma(distance, known, 0.05)


def _ewma(x: Floats, known: Flags, alpha: float) -> Floats:
    """Weighted mean of the `known` weeks with weights (1 − alpha)^week."""
    total, weights = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for n, week in enumerate(x):
        weight = (1.0 - alpha) ** n
        total += week * weight
        weights += known[n] * weight
    return np.asarray(np.divide(total, weights, where=weights > 0, out=np.full_like(total, np.nan)))


def _words(used: Floats, by_days: Flags, trend: Floats) -> pl.Series:
    """The raw change, and where that looks well while the trend does not, the trend itself."""
    usual, recent = usual_use(used), used[:RECENT_WEEKS].mean(axis=0)
    words = fall_words(used, by_days)
    with np.errstate(invalid="ignore"):
        odd = np.flatnonzero((trend < BEHIND) & (recent >= usual))
    loss = pl.Series(np.rint(100.0 - 100.0 * np.exp(trend[odd])).astype(np.int64))
    behind = f"beside them {{}}% below its level of {WEEKS} weeks, though {{}}"
    said = pl.select(pl.format(behind, loss, words[odd])).to_series()
    return words.scatter(odd, said).alias("detail")
