"""Workdays without use beyond the account's own usual gap (R34; science.md "Trend and state").

Gap = workdays (Monday to Friday) without use up to the last delivered day. Usual = the 90th
percentile (nearest rank) of the account's gaps that ended within 18 weeks. Value = gap − usual, at
least 0: days, so that it is read as it is said, and against itself, so that an account which works
in bursts is not ill between them. The coefficient of variation of active days a week is told, and
not judged: the usual gap has it in already. An account without use in all 18 weeks is all gap.
Missing when its first use in them is less than 8 weeks old.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.active_weeks import MASKS, WEEKS_A_MASK, weeks_of_use
from health_pipeline.core.signals.answers import answers, not_applicable, usage
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.telling import told

PERCENTILE = 90
MIN_WORKDAYS = 40
MASK_WORKDAYS = 45
FULL = np.uint64(2**MASK_WORKDAYS - 1)
ONE = np.uint64(1)

Words = NDArray[np.uint64]
"""One figure of 45 bits an account."""


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("events", "usage_daily"),
    unit="workdays beyond the usual gap",
    higher_is_better=False,
    leading=True,
    default_knots=(15.0, 4.0, 2.0, 0.0),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="no gap of more than 2 workdays beyond the account's usual one",
    risk_pattern="use in bursts, then a gap far longer than the account's usual ones",
    kpi="weekly active cadence",
    risk_sentence="use broke off: {detail}",
    strength_sentence="use in its usual rhythm: {detail}",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Workdays; `detail` gives the gap, the usual one and how much weeks differ."""
    found = usage(view, users=False)
    if found is None:
        return not_applicable(view)
    known = found.drop_nulls(["observed_on", "active_mask_0", "active_mask_1"])
    new, old, varies = _workdays(known)
    active, since = new | old != 0, _length(new, old)
    gap = np.where(new != 0, _zeros(new), MASK_WORKDAYS + _zeros(old))
    gap = np.where(active, gap, 2 * MASK_WORKDAYS)
    usual = _usual_gap(new, old)
    known_long = ~active | (since >= MIN_WORKDAYS)
    return answers(
        view,
        known.select("account_id", "observed_on").with_columns(
            pl.when(pl.Series(known_long))
            .then(pl.Series(np.maximum(gap - usual, 0)))
            .alias("value"),
            _words(gap, usual, varies),
        ),
    )


def _workdays(known: pl.DataFrame) -> tuple[Words, Words, NDArray[np.int64]]:
    """Workdays with use, the latest lowest, 9 weeks a word; and 10 × the variation of weeks."""
    monday = known["observed_on"].dt.weekday().to_numpy().astype(np.intp) - 1
    squeeze, weeks = _squeeze(), weeks_of_use(known)
    days = np.bitwise_count(weeks).astype(np.float64)
    words = [np.zeros(known.height, dtype=np.uint64) for _ in range(MASKS)]
    for n, block in enumerate(weeks):
        mask, week = divmod(n, WEEKS_A_MASK)
        words[mask] |= squeeze[monday, block] << np.uint64(5 * week)
    began = np.flip(np.maximum.accumulate(np.flip(days, axis=0), axis=0), axis=0) > 0
    n = np.maximum(began.sum(axis=0), 1)  # weeks before the first use are none of its weeks
    mean = days.sum(axis=0) / n
    variance = np.maximum((days**2).sum(axis=0) / n - mean**2, 0.0)
    varies = np.divide(np.sqrt(variance), mean, where=mean > 0, out=np.zeros_like(mean))
    return words[0], words[1], np.rint(10.0 * varies).astype(np.int64)


def _squeeze() -> Words:
    """By weekday of the latest day (Monday 0) and the bits of 7 days: the bits of its 5 workdays.

    Bit 0 of both is the latest day.
    """
    table = np.zeros((7, 128), dtype=np.uint64)
    for weekday in range(7):
        workdays = [back for back in range(7) if (weekday - back) % 7 < 5]
        for place, back in enumerate(workdays):
            table[weekday] |= ((np.arange(128) >> back & 1) << place).astype(np.uint64)
    return table


def _zeros(word: Words) -> NDArray[np.int64]:
    """How many of the latest workdays are without use; of a word without any use, 64."""
    return np.bitwise_count((word & (~word + ONE)) - ONE).astype(np.int64)


def _filled(word: Words) -> Words:
    """All bits up to the highest one."""
    for shift in (1, 2, 4, 8, 16, 32):
        word = word | word >> np.uint64(shift)
    return word


def _length(new: Words, old: Words) -> NDArray[Any]:
    """Workdays since the first use of the 18 weeks, that day included; 0 without any."""
    older = MASK_WORKDAYS + np.bitwise_count(_filled(old)).astype(np.int64)
    return np.where(old != 0, older, np.bitwise_count(_filled(new)))


def _usual_gap(new: Words, old: Words) -> NDArray[np.int64]:
    """The percentile of the gaps between two days of use; 0 without any.

    Shifted onto themselves and intersected, gaps lose a day each time: after n times those longer
    than n are left, and what is left of each is one run of bits to count.
    """
    span = np.where(old != 0, FULL, _filled(new)), _filled(old)
    low = np.where(new != 0, (new & (~new + ONE)) - ONE, FULL)
    high = np.where(new != 0, np.uint64(0), (old & (~old + ONE)) - ONE)
    e0, e1 = span[0] & ~new & ~low & FULL, span[1] & ~old & ~high & FULL
    usual, above, who = np.zeros(len(new), dtype=np.int64), None, np.arange(len(new))
    while len(who):
        s0, s1 = (e0 << ONE) & FULL, ((e1 << ONE) | (e0 >> np.uint64(MASK_WORKDAYS - 1))) & FULL
        runs = (np.bitwise_count(e0 & ~s0) + np.bitwise_count(e1 & ~s1)).astype(np.int64)
        if above is None:  # so many gaps may be longer than the percentile
            above = runs - (PERCENTILE * runs + 99) // 100
        more = runs > above
        usual[who[more]] += 1
        e0, e1, above, who = (e0 & s0)[more], (e1 & s1)[more], above[more], who[more]
    return usual


def _words(
    gap: NDArray[np.int64], usual: NDArray[np.int64], varies: NDArray[np.int64]
) -> pl.Series:
    return told("detail", (gap * 100 + usual) * 100 + varies, _sentence)


def _sentence(code: int) -> str:
    gap, usual, varies = code // 10_000, code // 100 % 100, 10 * (code % 100)
    if gap == 2 * MASK_WORKDAYS:
        return f"no use for {gap} workdays or more"
    rhythm = f"usually at most {usual}; active days a week vary by about {varies}%"
    return f"no use for {gap} workdays, {rhythm}"
