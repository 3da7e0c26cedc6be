"""Whether a source delivered a day, or its silence is only our ignorance (contracts.md).

Judged for each source and plan. A day is not delivered

- if fewer than `delivered_share` of its regular accounts (active on at least 3 of the same
  weekday's last 4 dates) sent anything; a holiday is exempt;
- if nothing at all arrived from the source, on whatever plan: silence of everybody is never
  turned into zeros, also where no account is regular.

Otherwise it is delivered, also when a plan has no regular account. Days before a source's first
row are therefore not delivered. Who is regular, and of which plan an account was, is judged by
what was known on the day itself, so that a verdict does not depend on who asks for it when. What
arrives late can still make a day delivered, as long as that day could be the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from health_pipeline.core.activity.delivery_source import (
    MOST_LAG,
    NEVER,
    SLOTS,
    Judged,
    Rows,
    Source,
)
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.time import day_number

LONGEST_WINDOW = 90
SILENT_BACK = 125
"""Days on which a source is looked for: what it showed longer ago is in no window any more."""

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Plans = Callable[[date], pl.Series]
"""The plans (text, null = unknown) of all accounts, in their order, on a day. Days without a change
give the same object, so that it is not looked through again."""


class Deliveries:
    """Which days each source delivered for each plan, as known at the end of `day`.

    Args:
        accounts: ids, distinct.
        plans: of which plan an account was on each day that is judged.
        rules: the share and the holidays.
        day: the day at whose end nothing is known yet: `SILENT_BACK` days before the first day
            that is asked for.
        since: the first day that is judged: `MOST_LAG` days before the first that is asked for.
    """

    def __init__(
        self, accounts: pl.Series, plans: Plans, rules: ActivityRules, day: date, since: date
    ) -> None:
        self.accounts, self.plans, self.day = accounts, plans, day
        self._rules, self._since = rules, since
        self._kind = pl.Categorical(pl.Categories.random())
        self._numbered = accounts.cast(self._kind)  # numbers them, as long as it lives
        self._sources: dict[str, Source] = {}
        self._names: dict[str | None, int] = {}
        self._plans_of: dict[int, set[int]] = {}
        self._series: pl.Series | None = None
        self._codes = np.empty(0, dtype=np.int32)
        self._present: set[int] = set()
        self.news: list[tuple[str, str | None, date]] = []

    def run(self, source_days: pl.DataFrame, last: date) -> Iterator[Deliveries]:
        """This state at the end of each following day through `last`.

        `news` names the source, plan and day of whatever counts as delivered only since then.

        Args:
            source_days: `SOURCE_DAYS` rows, those known on these days; others are left out.
            last: the last day.
        """
        news = {
            str(key[0]): Rows.of(part)
            for key, part in self._numbers(source_days, last)
            .partition_by("source", as_dict=True)
            .items()
        }
        while self.day < last:
            self.day += timedelta(days=1)
            today = day_number(self.day)
            for known in self._sources.values():
                known.shown[today % SLOTS] = False
            for name in sorted(news):
                account, day = news[name].on(today)
                if len(account):
                    self._source(name).show(account, day, today)
            self._judge(today)
            yield self

    def _numbers(self, source_days: pl.DataFrame, last: date) -> pl.DataFrame:
        """Rows of our accounts that became known after `day`, up to `last`, as numbers."""
        return source_days.select(
            "source",
            pl.col("account_id").cast(self._kind).to_physical().cast(pl.Int64).alias("account"),
            pl.col("day").to_physical(),
            pl.max_horizontal("day", "known_on").to_physical().alias("on"),
        ).filter(
            pl.col("account") < len(self.accounts),
            pl.col("on") > day_number(self.day),
            pl.col("on") <= day_number(last),
        )

    def _source(self, name: str) -> Source:
        """The source; at its first row the days of before wait for anything from it."""
        if name not in self._sources:
            found = self._sources[name] = Source.new(len(self.accounts))
            for day, plans in self._plans_of.items():
                found.open[day] = Judged(None, dict.fromkeys(plans, 0))
        return self._sources[name]

    def _judge(self, today: int) -> None:
        self.news = []
        if self.day < self._since:
            return
        codes = self._coded()
        self._plans_of[today] = self._present
        self._plans_of.pop(today - MOST_LAG - 1, None)
        exempt, names = self._is_holiday(), list(self._names)
        for name, source in self._sources.items():
            regular = None
            needed = dict.fromkeys(self._plans_of[today], 0)
            if not exempt and (flags := source.regulars(today)).any():
                regular = np.where(flags, codes, -1).astype(np.int32)
                for plan, size in enumerate(np.bincount(codes[flags]).tolist()):
                    if size:
                        needed[plan] = self._enough(size)
            source.open[today] = Judged(regular, needed)
            for plan, day in source.judge(today):
                back = timedelta(days=today - day)
                self.news.append((name, names[plan], self.day - back))

    def _enough(self, regulars: int) -> int:
        # Floating point: 35 × 0.2 is a little more than 7, and 7 are enough.
        return max(1, int(np.ceil(regulars * self._rules.delivered_share - 1e-9)))

    def _is_holiday(self) -> bool:
        """Whether the day is named by date (2026-12-25) or by month and day (12-25)."""
        day = self.day.isoformat()
        return bool({day, day[5:]} & set(self._rules.holidays))

    def _coded(self) -> Ints:
        """A number for each account's plan of the day."""
        plans = self.plans(self.day)
        if plans is not self._series:
            self._series = plans
            for name in plans.unique().sort(nulls_last=True):
                self._names.setdefault(name, len(self._names))
            names = pl.Series(list(self._names), dtype=pl.String)
            numbers = pl.Series(self._names.values(), dtype=pl.Int32)
            self._codes = plans.replace_strict(names, numbers).to_numpy()
            self._present = set(np.unique(self._codes).tolist())
        return self._codes

    def last_delivered(self, used: Flags | None = None) -> Ints:
        """Up to which day each account's usage is known at the end of the day.

        The least over the account's sources of the last day that each delivered. A source that has
        not shown the account for 90 days has nothing in any window, and is asked only where the
        account has no other. An account that none has shown lately is silent, not unknown: every
        source that delivered within `MOST_LAG` is asked for it.

        Args:
            used: whether some source showed usage of the account by now, however long ago.

        Returns:
            In the order of `accounts`, as days since 1970; `NEVER`: no source of the account
            delivered any judged day, or none ever showed it.
        """
        codes, today, size = self._coded(), day_number(self.day), len(self.accounts)
        sources = self._sources.values()
        shown = [np.where(of.last > today - SILENT_BACK, of.last, NEVER) for of in sources]
        recent, seen = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
        for on in shown:
            recent |= on > today - LONGEST_WINDOW
            seen |= on > NEVER
        least = np.full(size, -NEVER, dtype=np.int32)
        for source, on in zip(sources, shown, strict=True):
            latest = np.array(
                [source.delivered.get(plan, NEVER) for plan in range(len(self._names))],
                dtype=np.int32,
            )
            asked = (on > NEVER) & ((on > today - LONGEST_WINDOW) | ~recent)
            least = np.where(asked, np.minimum(least, latest[codes]), least)
        if used is not None:
            ends = [max(of.delivered.values(), default=NEVER) for of in sources]
            silent = min((end for end in ends if end >= today - MOST_LAG), default=NEVER)
            least = np.where(used & ~seen, np.int32(silent), least)
            seen |= used
        return np.where(seen & (least < -NEVER), least, np.int32(NEVER))
