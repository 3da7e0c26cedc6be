"""The volume of usage: how many accounts spoke, against their usual weekday.

A source of which nothing arrives is judged by its freshness (`core.scoring.outages`): until then
its windows end on the last delivered day, and nothing moves. Volume sees on the first day what is
worse: a day that was delivered, and lacks a part of the accounts.
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
        spoke: accounts with any activity on the last day of theirs that was delivered.
        usual: the median of its four weekdays before.
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
        day: the day D, for the holidays: a source that is always a day late is judged as any other.
        rules: `volume_drop`, `roots`.
        holidays: days on which few are normal, as YYYY-MM-DD or MM-DD: they are not judged.
    """
    known = windows.filter(pl.col("observed_on").is_not_null())
    mask = pl.col("active_mask_0").fill_null(0)
    bits = {back: mask & (1 << back) != 0 for back in (0, *WEEKS_BACK)}
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
