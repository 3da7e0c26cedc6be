"""The volume of usage: how many accounts spoke today, against their usual weekday.

Freshness is judged in `core.scoring.outages`, after three days. Volume sees an outage on its first
day, and one that hits only a part of the accounts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from health_pipeline.core.alerts.params import Gates

WEEKS_BACK = (7, 14, 21, 28)
USUALLY = 3
"""Of the last four same weekdays, on how many an account that usually speaks did."""


@dataclass(frozen=True, slots=True)
class Volume:
    """What a day's usage says of its own source.

    Attributes:
        spoke: accounts with any activity on the day. usual: the median of its four weekdays before.
        limit: so many fewer than usual are an outage.
        fresh: account_ids that spoke. lost: those that usually speak and did not.
        is_out: the source is out for a part of the accounts.
    """

    spoke: int
    usual: float
    limit: float
    fresh: frozenset[str]
    lost: frozenset[str]
    is_out: bool


def volume(windows: pl.DataFrame, day: date, rules: Gates, holidays: Sequence[str] = ()) -> Volume:
    """Judge the usage of `day`.

    Args:
        windows: `account_id`, `observed_on`, `active_mask_0` of usage_windows of the day: bit n
            is activity n days before `observed_on`.
        day: the day D.
        rules: `volume_drop`, `roots`.
        holidays: days on which few are normal, as YYYY-MM-DD or MM-DD: they are not judged.
    """
    lag = (pl.lit(day) - pl.col("observed_on")).dt.total_days()
    known = windows.filter(pl.col("observed_on").is_not_null() & lag.is_between(0, 30))
    mask = pl.col("active_mask_0").fill_null(0)
    bits = {0: (lag == 0) & (mask & 1 == 1)}
    for back in WEEKS_BACK:
        bit = pl.lit(2, pl.Int64).pow(back - lag).cast(pl.Int64)
        bits[back] = pl.when(lag <= back).then(mask & bit != 0).otherwise(False)
    seen = known.select("account_id", **{f"b{back}": bit for back, bit in bits.items()})
    weeks = [f"b{back}" for back in WEEKS_BACK]
    spoke = int(seen["b0"].sum())
    counts = sorted(int(seen[one].sum()) for one in weeks)
    usual = (counts[1] + counts[2]) / 2
    usually = pl.sum_horizontal(pl.col(one).cast(pl.Int8) for one in weeks) >= USUALLY
    limit = max(rules.volume_drop * usual, rules.roots * math.sqrt(usual + 1))
    judged = not {day.isoformat(), day.isoformat()[5:]} & set(holidays)
    return Volume(
        spoke,
        usual,
        limit,
        frozenset(seen.filter("b0")["account_id"]),
        frozenset(seen.filter(usually & ~pl.col("b0"))["account_id"]),
        is_out=judged and usual - spoke > limit,
    )
