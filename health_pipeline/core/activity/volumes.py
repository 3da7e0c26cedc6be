"""How much each account did on each of the latest days: events, core events, features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SLOTS = 64
"""Days held: 30 of a window that ends up to 34 days ago."""

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice

EVENTS, CORE = "events", "core_events"
SUMS = ((EVENTS, 7), (EVENTS, 30), (CORE, 30))
MONTH = 30


@dataclass(frozen=True, slots=True)
class Use:
    """Columns of activity rows, one entry a row: number of the account, day since 1970, figures."""

    account: npt.NDArray[np.int32]
    day: npt.NDArray[np.int32]
    events: Ints
    core_events: Ints
    features: Ints

    def of(self, rows: Rows) -> Use:
        """Only these rows."""
        return Use(
            self.account[rows],
            self.day[rows],
            self.events[rows],
            self.core_events[rows],
            self.features[rows],
        )


class Volumes:
    """The latest `SLOTS` days of all accounts; day d stands in row d modulo `SLOTS`.

    The sums of the windows that end today are carried along; others are added up when asked for.
    """

    def __init__(self, accounts: int) -> None:
        shape = (SLOTS, accounts)
        self._held = {name: np.zeros(shape, dtype=np.int64) for name in (EVENTS, CORE)}
        self._features = np.zeros(shape, dtype=np.int64)
        self._sums = {sum_: np.zeros(accounts, dtype=np.int64) for sum_ in SUMS}

    def turn(self, day: int) -> None:
        """Make room for `day`."""
        for name, days in SUMS:
            self._sums[(name, days)] -= self._held[name][(day - days) % SLOTS]
        for held in (*self._held.values(), self._features):
            held[day % SLOTS] = 0

    def add(self, use: Use, day: int) -> None:
        """What became known by the end of `day`, of whichever days."""
        size = self._features.shape[1]
        held = use.day > day - SLOTS
        place = (use.day % SLOTS).astype(np.int64) * size + use.account
        if not (held.all() and (place[1:] >= place[:-1]).all()):
            order = np.flatnonzero(held)
            order = order[np.argsort(place[order], kind="stable")]
            use, place = use.of(order), place[order]
        if not len(place):
            return
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        at, account, seen = place[starts], use.account[starts], use.day[starts]
        added = {EVENTS: use.events, CORE: use.core_events}
        added = {name: np.add.reduceat(of, starts) for name, of in added.items()}
        for name, of in added.items():
            self._held[name].reshape(-1)[at] += of
        for (name, days), total in self._sums.items():
            np.add.at(total, account, np.where(seen > day - days, added[name], 0))
        self._features.reshape(-1)[at] |= np.bitwise_or.reduceat(use.features, starts)

    def columns(self, reference: int, day: int) -> dict[str, Ints]:
        """The volumes of the windows that end on `reference`, one number an account.

        Args:
            reference: the last day of the windows.
            day: at whose end this state stands.
        """
        month = _parts(reference, MONTH)
        features = [np.bitwise_or.reduce(self._features[part], axis=0) for part in month]
        return {
            **{f"{name}_{days}d": self._sum(name, days, reference, day) for name, days in SUMS},
            "features_30d": np.bitwise_or.reduce(features),
        }

    def _sum(self, name: str, days: int, reference: int, day: int) -> Ints:
        if reference == day:
            return self._sums[(name, days)].copy()
        held = self._held[name]
        total = np.zeros(held.shape[1], dtype=np.int64)
        for part in _parts(reference, days):
            total += held[part].sum(axis=0)
        return total


def _parts(last: int, days: int) -> list[slice]:
    """The rows of the `days` that end on `last`."""
    first, after = (last - days + 1) % SLOTS, (last + 1) % SLOTS
    return [slice(first, after)] if first < after else [slice(first, SLOTS), slice(0, after)]
