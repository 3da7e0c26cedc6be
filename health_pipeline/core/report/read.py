"""What the report is made of: the tables of one published day, and the words of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

TIERS = ("red", "yellow", "green", "unscored")
AT_RISK = ("red", "yellow")
WEEK = 7
MONTH = 30
HISTORY_DAYS = 90

HISTORY = ("account_id", "date", "score", "tier", "arr")


@dataclass(frozen=True, slots=True)
class Read:
    """The tables that the report shows, all as published.

    Attributes:
        day: the last scored day; None when nothing was ever scored.
        scores: `health_scores` of the day. `history`: its columns `HISTORY` of `HISTORY_DAYS` days
            before and of the day.
        segments, contributions, signals, reasons, changes, narratives, overrides, guard, outages:
            result tables of the day.
        accounts, quarantine, unresolved: result tables.
        plays: those that run on the day, with their status of that day.
        coverage: accounts at risk with a recovery plan: tier, accounts, with_plan, share, low,
            high, arr, arr_with_plan, only_proposed.
        planned: account_id of accounts with a recovery plan.
        renewals: source table as of the day with `account_id`; None: not connected.
    """

    day: date | None
    scores: pl.DataFrame
    history: pl.DataFrame
    segments: pl.DataFrame
    contributions: pl.DataFrame
    signals: pl.DataFrame
    reasons: pl.DataFrame
    changes: pl.DataFrame
    narratives: pl.DataFrame
    overrides: pl.DataFrame
    guard: pl.DataFrame
    outages: pl.DataFrame
    accounts: pl.DataFrame
    quarantine: pl.DataFrame
    unresolved: pl.DataFrame
    plays: pl.DataFrame
    coverage: pl.DataFrame
    planned: pl.Series
    renewals: pl.DataFrame | None


@dataclass(frozen=True, slots=True)
class Words:
    """What the model calls things.

    Attributes:
        currency: ISO code of all money.
        groups: signal → its group. `units`: signal → unit of its raw value.
        plays: play → title and goal.
        acv_bands: bands of ARR, in their order.
        made_at: when the report is made.
    """

    currency: str
    groups: Mapping[str, str]
    units: Mapping[str, str]
    plays: Mapping[str, tuple[str, str]]
    acv_bands: tuple[str, ...]
    made_at: datetime
