"""What a signal may see of one day: nothing that was not known at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import polars as pl


@dataclass(frozen=True, slots=True)
class FeatureInfo:
    """One product feature, as far as a signal needs it.

    Attributes:
        name: the feature as shown to people.
        bit: its place in `features_30d`, 0 = the lowest bit.
        core, key: use of it is a value moment (R31); its adoption is watched by name (R32).
        plans: plans that include it; empty = every plan.
    """

    name: str
    bit: int
    core: bool = False
    key: bool = False
    plans: tuple[str, ...] = ()


def _nobody() -> pl.DataFrame:
    return pl.DataFrame(schema={"user_id": pl.String, "first_core_on": pl.Date})


@dataclass(frozen=True)
class DayView:
    """The world as known at the end of `day`.

    Attributes:
        day: the day D.
        accounts: the population of D, one row an account: `account_id`, `plan`, `region`,
            `customer_tier`, `deployment`, `owner_email`, `exec_email` (text, null when unknown),
            `employees` (int), `arr` (float, account total), `seats` (int, account total),
            `starts_on`, `renews_on`, `first_seen_on` (date), `cancellation_notice_on` (date),
            `has_usage` (bool: some source has shown a user or event of this account by D).
        windows: `activity.windows` of the last day on which the account's product sources
            delivered: one row an account with usage, keyed by `account_id`, with `observed_on`
            (date: that last delivered day), the columns of `WINDOW_COLUMNS` and `weekly_users`
            (list of `WEEKS` ints: distinct users of the seven days ending on `observed_on`, then
            of the seven before …). Weeks before the account's first known user are null.
        tables: source tables as of D with `account_id` added (and `user_id` where users appear);
            only connected tables, as frames or as queries. Rows of unresolved accounts are not in
            here.
        provided: for each connected table the optional columns that some source really delivers.
        features: the product's features, in bit order.
        usage_sources: values of `source` that send events or usage_daily.
        roles: source → the role that the model gives it (product, crm, …).
        currency: the model's ISO code, which an amount without a currency is in; None = not told.
        first_core: gives `user_id`, `first_core_on` of users, by what was known by D of the
            `NEW_USER_DAYS` before it: of a user who is new, their first core use. It reads
            activity, which only a kind that asks should cost.
        ids: where given, `account_id` is everywhere the place of its text in these sorted texts,
            which is cheaper to group and to join by.
    """

    day: date
    accounts: pl.DataFrame
    windows: pl.DataFrame
    tables: Mapping[str, pl.DataFrame | pl.LazyFrame]
    provided: Mapping[str, frozenset[str]]
    features: tuple[FeatureInfo, ...] = ()
    usage_sources: frozenset[str] = frozenset()
    roles: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    first_core: Callable[[], pl.DataFrame] = _nobody
    ids: pl.Series | None = None

    def has(self, table: str, *columns: str) -> bool:
        """True when `table` is connected and delivers every one of `columns`."""
        return table in self.tables and set(columns) <= self.provided.get(table, frozenset())

    @cached_property
    def usage(self) -> pl.DataFrame:
        """The accounts in their order, each with its row of `windows`; nulls where it has none."""
        return self.accounts.join(self.windows, on="account_id", how="left", maintain_order="left")


WEEKS = 14
"""Weeks of a trend."""

NEW_USER_DAYS = 90
"""Who joined within so many days may be judged as a new user."""

WINDOW_COLUMNS: dict[str, pl.DataType] = {
    "active_users_7d": pl.Int64(),
    "active_users_30d": pl.Int64(),
    "active_users_90d": pl.Int64(),
    "core_users_30d": pl.Int64(),
    "events_7d": pl.Int64(),
    "events_30d": pl.Int64(),
    "core_events_30d": pl.Int64(),
    "active_days_30d": pl.Int64(),
    "features_30d": pl.Int64(),
    "active_mask_0": pl.Int64(),
    "active_mask_1": pl.Int64(),
}
"""Account-day windows; `features_30d` is a bit mask in the order of the model's features.

Bit n of `active_mask_0` says that the account did anything on the day n days before the windows'
last one (n below 63), bit n of `active_mask_1` on the day 63 + n days before it: 18 weeks.

Distinct-user columns are null for an account whose sources never showed a user."""
