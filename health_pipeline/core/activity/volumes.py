"""How much each account did on each of the latest days: events, core events, features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SLOTS = 64
"""Days held: 30 of a window that ends up to 34 days ago."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Use:
    """Columns of activity rows, one entry a row: number of the account, day since 1970, figures."""

    account: Ints
    day: Ints
    events: Ints
    core_events: Ints
    features: Ints

    def of(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Use:
        """Only these rows."""
        return Use(
            self.account[rows],
            self.day[rows],
            self.events[rows],
            self.core_events[rows],
            self.features[rows],
        )


class Volumes:
    """The latest `SLOTS` days of all accounts; day d stands in row d modulo `SLOTS`."""

    def __init__(self, accounts: int) -> None:
        shape = (SLOTS, accounts)
        self._events = np.zeros(shape, dtype=np.int64)
        self._core = np.zeros(shape, dtype=np.int64)
        self._features = np.zeros(shape, dtype=np.int64)
        self._active = np.zeros(shape, dtype=np.bool_)

    def turn(self, day: int) -> None:
        """Make room for `day`."""
        for held in (self._events, self._core, self._features, self._active):
            held[day % SLOTS] = 0

    def add(self, use: Use, day: int) -> None:
        """What became known by the end of `day`, of whichever days."""
        held = use.day > day - SLOTS
        place = (use.day % SLOTS) * self._events.shape[1] + use.account
        if not (held.all() and (place[1:] >= place[:-1]).all()):
            order = np.flatnonzero(held)
            order = order[np.argsort(place[order], kind="stable")]
            use, place = use.of(order), place[order]
        if not len(place):
            return
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        at = place[starts]
        self._events.reshape(-1)[at] += np.add.reduceat(use.events, starts)
        self._core.reshape(-1)[at] += np.add.reduceat(use.core_events, starts)
        self._features.reshape(-1)[at] |= np.bitwise_or.reduceat(use.features, starts)
        self._active.reshape(-1)[at] = True

    def columns(self, reference: int) -> dict[str, Ints]:
        """The volumes of the windows that end on `reference`, one number an account."""
        week, month = (np.arange(reference - n + 1, reference + 1) % SLOTS for n in (7, 30))
        return {
            "events_7d": self._events[week].sum(axis=0),
            "events_30d": self._events[month].sum(axis=0),
            "core_events_30d": self._core[month].sum(axis=0),
            "active_days_30d": self._active[month].sum(axis=0, dtype=np.int64),
            "features_30d": np.bitwise_or.reduce(self._features[month], axis=0),
        }
