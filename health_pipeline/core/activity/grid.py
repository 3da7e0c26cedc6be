"""Running sums and unions of day intervals on a grid of accounts × days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spells:
    """Days [start, end) of an owner (a user, a day, a feature) within an account.

    All arrays have the same length and are sorted by owner, then start; an owner belongs to one
    account. Days are counted from 1970; a spell with end ≤ start is empty.
    """

    account: Ints
    owner: Ints
    start: Ints
    end: Ints

    def where(self, kept: Flags) -> Spells:
        """Only the spells where `kept` is true."""
        return Spells(self.account[kept], self.owner[kept], self.start[kept], self.end[kept])

    def apart(self) -> Spells:
        """The same days without overlap within an owner: each spell less what came before it."""
        spells = self.where(self.start < self.end)
        if not len(spells.start):
            return spells
        # The furthest end so far of the same owner. A shift for each owner that exceeds the whole
        # span of days keeps owners apart, so that one running maximum serves them all.
        low = int(spells.start.min())
        shift = spells.owner * (int(spells.end.max()) - low + 1)
        reach = np.maximum.accumulate(spells.end - low + shift) - shift + low
        same = spells.owner[1:] == spells.owner[:-1]
        start = spells.start.copy()
        start[1:] = np.where(same, np.maximum(start[1:], reach[:-1]), start[1:])
        return Spells(spells.account, spells.owner, start, spells.end)


@dataclass(frozen=True, slots=True)
class Grid:
    """`accounts` rows × `days` columns, the first column being day `first` since 1970."""

    accounts: int
    first: int
    days: int

    def sums(self, spells: Spells, weight: Ints) -> Ints:
        """For each account and day the sum of `weight` over the spells that hold the day."""
        low = np.clip(spells.start - self.first, 0, self.days)
        high = np.clip(spells.end - self.first, 0, self.days)
        held = low < high
        account, weight = spells.account[held], weight[held]
        deltas = np.zeros((self.accounts, self.days + 1), dtype=np.int64)
        np.add.at(deltas, (account, low[held]), weight)
        np.subtract.at(deltas, (account, high[held]), weight)
        return np.cumsum(deltas, axis=1)[:, : self.days]

    def counts(self, spells: Spells) -> Ints:
        """For each account and day the number of owners with at least one spell on it."""
        apart = spells.apart()
        return self.sums(apart, np.ones_like(apart.start))
