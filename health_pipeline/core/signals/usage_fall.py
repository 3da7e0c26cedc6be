"""Whether the use of an account falls (R35; science.md "Trend and state").

Down = both of the last two weeks ≤ 75 % of the account's own median of the 8 weeks before. An
account falls when it is down even beside what the same weeks were to everyone: a holiday is nobody
leaving. Use is active users, or days of use of an account whose sources never show a user.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import once, usage
from health_pipeline.core.signals.telling import told
from health_pipeline.core.signals.weekly_use import Flags, Floats, weekly_use

MIN_WEEKS = 8
MIN_PEERS = 5
RECENT_WEEKS, PRIOR_WEEKS, DOWN_SHARE = 2, 8, 0.75
PRIOR = f"the prior {PRIOR_WEEKS} weeks"
MIN_DAYS = 5
"""Days of use in a usual week from which on fewer of them are a fall: of one who comes on four days
by chance, two weeks of three are no news in one of eight weeks."""

NOTHING = -4


def usage_fall(view: DayView) -> pl.DataFrame | None:
    """Who falls, by how much, and how that is said.

    Returns:
        The accounts in their order: `account_id`, `observed_on`, `falls` (null below 8 weeks of
        history, without the last two, or below `MIN_DAYS` days of use where they are what is
        counted), `loss` (% below the own median, 0 for who does not fall),
        `words`. None when no source shows use.
    """
    return once(view, "usage_fall", lambda: _fall(view))


def _fall(view: DayView) -> pl.DataFrame | None:
    found = usage(view, users=False)
    if found is None:
        return None
    used, by_days = weekly_use(found)
    shown = found["observed_on"].is_not_null().to_numpy()
    known = shown & ((~np.isnan(used)).sum(axis=0) >= MIN_WEEKS)
    known &= ~np.isnan(used[:RECENT_WEEKS]).any(axis=0)
    usual, recent = usual_use(used), used[:RECENT_WEEKS]
    known &= ~by_days | (usual >= MIN_DAYS)
    down = known & _down(recent, usual)
    everyone = _everyone(recent[:, known], usual[known])
    falls = down & (recent <= DOWN_SHARE * usual * everyone).all(axis=0)
    loss = np.where(falls, 100.0 - 100.0 * _share(recent, usual), 0.0)
    alike = pl.lit(", as those of most accounts are")
    words = pl.col("words")
    return (
        found.select("account_id", "observed_on")
        .with_columns(
            fall_words(used, by_days),
            known=pl.Series(known),
            falls=pl.Series(falls),
            alike=pl.Series(down & ~falls),
            loss=pl.Series(loss),
        )
        .select(
            "account_id",
            "observed_on",
            falls=pl.when("known").then("falls"),
            loss="loss",
            words=pl.when("alike").then(words + alike).otherwise(words),
        )
    )


def usual_use(used: Floats) -> Floats:
    """The median of the `PRIOR_WEEKS` before the recent ones, over those that are known."""
    prior: NDArray[Any] = np.sort(used[RECENT_WEEKS : RECENT_WEEKS + PRIOR_WEEKS], axis=0)
    known = (~np.isnan(prior)).sum(axis=0)  # unknown ones stand last
    account = np.arange(prior.shape[1])
    low, high = (
        prior[np.maximum(n, 0), account]
        for n in ((known - 1) // 2, np.minimum(known // 2, len(prior) - 1))
    )
    return np.asarray(np.where(known > 0, (low + high) / 2.0, np.nan))


def fall_words(used: Floats, by_days: Flags) -> pl.Series:
    """The recent weeks against the usual: down, or at so many per cent of it.

    `used` are active users of each week, or days of use of accounts that are `by_days`.
    """
    usual, recent = usual_use(used), used[:RECENT_WEEKS]
    share = 100.0 * _share(recent, usual)
    known = (usual > 0) & np.isfinite(share)
    down = known & _down(recent, usual)
    figure = np.where(known, np.rint(np.where(down, 100.0 - share, share)), 0.0).astype(np.int64)
    return told("words", np.where(known, 4 * figure + 2 * down, NOTHING) + by_days, _sentence)


def _down(recent: Floats, usual: Floats) -> NDArray[np.bool_]:
    return np.asarray((usual > 0) & (recent <= DOWN_SHARE * usual).all(axis=0))


def _share(recent: Floats, usual: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(recent.mean(axis=0) / usual)


def _everyone(recent: Floats, usual: Floats) -> Floats:
    """What each recent week was to everyone: the median share of the usual, at most 1.

    One figure a week (a column); 1 with too few accounts to tell.
    """
    active = usual > 0
    if active.sum() < MIN_PEERS:
        return np.ones((len(recent), 1))
    shares = np.median(recent[:, active] / usual[active], axis=1, keepdims=True)
    return np.asarray(np.minimum(shares, 1.0))


def _sentence(code: int) -> str:
    """Four times a per cent, or `NOTHING`; two more: by so much down; one more: days of use."""
    what = "days of use" if code % 2 else "active users"
    if code < 0:
        return f"hardly any {what} in {PRIOR}"
    if code & 2:
        return f"{what} down {code // 4}% against {PRIOR}"
    return f"{what} at {code // 4}% of {PRIOR}"
