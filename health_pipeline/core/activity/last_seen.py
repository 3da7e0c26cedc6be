"""Who was last active when: the state from which distinct users of any window are counted.

A user is in the window of W days that ends on day r exactly if the last day of activity known is
after r − W (as long as no later day than r is known of the user). So one number a user is enough,
a new day touches only the users that it shows, and the count of an account is a sum over the days
of "users whose last day this was" (docs/activity.md). The windows that end today are counted
along: who is last seen moves into them, who was last seen W days ago leaves them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from health_pipeline.core.activity.owners import Ints, Places

SLOTS = 128
"""Days held: the longest window (90) and the longest silence of a source (35) lie within."""


class LastSeen:
    """For each account, how many users were last seen on which of the latest `SLOTS` days.

    Args:
        accounts: their number.
        windows: lengths in days that are asked for on every day.
    """

    def __init__(self, accounts: int, windows: Sequence[int]) -> None:
        self._users = np.zeros((SLOTS, accounts), dtype=np.int32)
        self._within = {days: np.zeros(accounts, dtype=np.int32) for days in windows}

    def count(self, last: Ints, account: Ints, day: int) -> None:
        """Count anew, at the end of `day`."""
        self._users[:] = 0
        self._move(account, last, 1, day)
        for days, within in self._within.items():
            within[:] = self._sum(days, day)

    def turn(self, day: int) -> None:
        """Make room for `day`: what was last seen `SLOTS` days earlier is in no window any more."""
        for days in self._within:
            self._within[days] -= self._users[(day - days) % SLOTS]
        self._users[day % SLOTS] = 0

    def see(self, last: Ints, places: Places, account: Ints, seen: Ints, day: int) -> None:
        """Users at `places` of `last`, of `account`, were active on `seen`, known on `day`."""
        before = last[places]
        later = before < seen
        if not later.all():
            places, before = places[later], before[later]
            account, seen = account[later], seen[later]
        if not (places[1:] > places[:-1]).all():  # of a user named twice the latest day counts
            order = np.lexsort((seen, places))
            ends = np.append(places[order][1:] != places[order][:-1], [True] * (len(order) > 0))
            once = order[ends]
            places, before = places[once], before[once]
            account, seen = account[once], seen[once]
        last[places] = seen
        self._move(account, before, -1, day)
        self._move(account, seen, 1, day)
        for days in self._within:
            new = account[(before <= day - days) & (seen > day - days)]
            np.add.at(self._within[days], new, np.int32(1))

    def _move(self, account: Ints, on: Ints, step: int, day: int) -> None:
        """As many users more, or less, of `account` were last seen `on` those days."""
        held = on > day - SLOTS
        if not held.all():
            account, on = account[held], on[held]
        flat = (on % SLOTS).astype(np.int64) * self._users.shape[1] + account
        # Its own type: 20 × faster.
        np.add.at(self._users.reshape(-1), flat, np.int32(step))

    def within(self, days: int, reference: int, day: int) -> npt.NDArray[np.int64]:
        """For each account its users whose last day lies in the `days` that end on `reference`.

        Args:
            days: length of the window.
            reference: its last day.
            day: at whose end this state stands.
        """
        if reference == day and days in self._within:
            return self._within[days].astype(np.int64)
        return self._sum(days, reference).astype(np.int64)

    def _sum(self, days: int, reference: int) -> Ints:
        first, after = (reference - days + 1) % SLOTS, (reference + 1) % SLOTS
        parts = [(first, after)] if first < after else [(first, SLOTS), (0, after)]
        total = np.zeros(self._users.shape[1], dtype=np.int32)
        for start, end in parts:
            total += self._users[start:end].sum(axis=0, dtype=np.int32)
        return total

    def after(self, reference: int, day: int) -> npt.NDArray[np.bool_]:
        """Accounts with users whose last day lies after `reference`, as known on `day`."""
        slots = np.arange(reference + 1, day + 1) % SLOTS
        return np.asarray(self._users[slots].any(axis=0))
