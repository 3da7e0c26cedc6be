"""What one source showed on which day, and which days wait for more of it (`delivery`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

SAME_WEEKDAYS = 4
REGULAR_DATES = 3
MOST_LAG = 34
"""A source that is silent for longer has no value worth showing; what arrives later than this
makes no day delivered any more."""

SLOTS = 64
"""Days held of who was shown: `MOST_LAG` and `SAME_WEEKDAYS` weeks before lie within."""

NEVER = -(2**30)
"""Stands for a day that has not come."""

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is needed of a day until it is delivered for every plan.

    `regular`: the plan's number for each regular account, else −1; None: no account is regular.
    `needed`: plans still waited for, with how many of their regular accounts must be seen; 0 where
    anything that arrives is enough.
    """

    regular: Ints | None
    needed: dict[int, int]


@dataclass(frozen=True, slots=True)
class Rows:
    """What one source showed, in the order of the days `known` on which that became known."""

    account: npt.NDArray[np.int64]
    day: Ints
    known: Ints

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Rows:
        """From columns account, day, on."""
        account, day, known = (rows[name].to_numpy() for name in ("account", "day", "on"))
        order = np.argsort(known, kind="stable")
        return cls(account[order], day[order], known[order])

    def on(self, today: int) -> tuple[npt.NDArray[np.int64], Ints]:
        """Accounts and days of what became known `today`."""
        start, end = np.searchsorted(self.known, (today, today + 1))
        return self.account[start:end], self.day[start:end]


@dataclass(slots=True)
class Source:
    """One source: whom it showed on the latest days, and which days it delivered."""

    shown: Flags
    last: Ints
    open: dict[int, Judged] = field(default_factory=dict)
    delivered: dict[int, int] = field(default_factory=dict)

    @classmethod
    def new(cls, accounts: int) -> Source:
        """It has shown none of so many accounts."""
        return cls(
            np.zeros((SLOTS, accounts), dtype=np.bool_),
            np.full(accounts, NEVER, dtype=np.int32),
        )

    def show(self, account: npt.NDArray[np.int64], day: Ints, today: int) -> None:
        """It showed these accounts on these days, as is known now."""
        held = (day > today - SLOTS) & (day <= today)
        self.shown[day[held] % SLOTS, account[held]] = True
        np.maximum.at(self.last, account, day)

    def regulars(self, day: int) -> Flags:
        """Accounts from which something was to be expected on `day`."""
        weeks = [(day - 7 * n) % SLOTS for n in range(1, SAME_WEEKDAYS + 1)]
        return np.asarray(self.shown[weeks].sum(axis=0, dtype=np.int8) >= REGULAR_DATES)

    def judge(self, today: int) -> Iterator[tuple[int, int]]:
        """Plan and day of what is delivered only now."""
        for day in [day for day in self.open if day < today - MOST_LAG]:
            del self.open[day]
        for day, judged in list(self.open.items()):
            shown = self.shown[day % SLOTS]
            if not shown.any():
                continue
            arrived = {}
            if judged.regular is not None:
                plans = judged.regular[shown & (judged.regular >= 0)]
                arrived = dict(enumerate(np.bincount(plans).tolist()))
            for plan, needed in list(judged.needed.items()):
                if arrived.get(plan, 0) >= needed:
                    del judged.needed[plan]
                    self.delivered[plan] = max(self.delivered.get(plan, NEVER), day)
                    yield plan, day
            if not judged.needed:
                del self.open[day]
