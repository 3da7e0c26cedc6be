"""Who was last active when: the state from which distinct users of any window are counted.

A user is in the window of W days that ends on day r exactly if the last day of activity known is
after r − W (as long as no later day than r is known of the user). So one number a user is enough,
a new day touches only the users that it shows, and the count of an account is a sum over the days
of "users whose last day this was" (docs/activity.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]

SLOTS = 128
"""Days held: the longest window (90) and the longest silence of a source (35) lie within."""

NEVER = -(2**30)


def _numbered(keys: Keys, accounts: Ints) -> tuple[Keys, Ints, npt.NDArray[np.intp]]:
    """The distinct pairs in order, and for each row the place of its pair among them."""
    order = np.argsort(keys)
    key, account = keys[order], accounts[order]
    mixed = (key[1:] == key[:-1]) & (account[1:] != account[:-1])
    if mixed.any():  # the same user in several accounts: put these few in order
        among = np.flatnonzero(np.isin(key, key[1:][mixed]))
        order[among] = order[among][np.lexsort((account[among], key[among]))]
        account = accounts[order]
    new = np.ones(len(key), dtype=np.bool_)
    new[1:] = (key[1:] != key[:-1]) | (account[1:] != account[:-1])
    place = np.empty(len(key), dtype=np.intp)
    place[order] = np.cumsum(new) - 1
    return key[new], account[new], place


@dataclass(slots=True)
class Owners:
    """Users of accounts, ordered by key and account, with the last days of their activity.

    Attributes:
        key: 64 bits that stand for the user (`keys.user_keys`). `account`: number of the account.
        last: last day of any activity, in days since 1970. `last_core`: of core activity.
    """

    key: Keys = field(default_factory=lambda: np.empty(0, np.uint64))
    account: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    last: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    last_core: Ints = field(default_factory=lambda: np.empty(0, np.int32))

    def places(self, keys: Keys, accounts: Ints) -> npt.NDArray[np.intp]:
        """Where each (key, account) stands; those that are new find a place first."""
        at, known = self._find(keys, accounts)
        if known.all():
            return at
        key, account, _ = _numbered(keys[~known], accounts[~known])
        where, _ = self._find(key, account)
        moved = np.cumsum(np.bincount(where, minlength=len(self.key) + 1))
        self.key = np.insert(self.key, where, key)
        self.account = np.insert(self.account, where, account)
        self.last = np.insert(self.last, where, NEVER)
        self.last_core = np.insert(self.last_core, where, NEVER)
        at += moved[at]
        at[~known], _ = self._find(keys[~known], accounts[~known])
        return at

    def _find(self, key: Keys, account: Ints) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """For each pair its place, or where it belongs; and whether it is here."""
        size, order = len(self.key), np.argsort(key)
        at = np.empty(len(key), dtype=np.intp)
        at[order] = np.searchsorted(self.key, key[order])  # in order, it stays in the cache
        if not size:
            return at, np.zeros(len(key), dtype=np.bool_)
        here = np.minimum(at, size - 1)
        known = (self.key[here] == key) & (self.account[here] == account)
        # The same user in several accounts, in the order of these: a few steps for a few rows.
        open_ = np.flatnonzero(~known)
        while len(open_):
            place = here[open_]
            behind = (at[open_] < size) & (self.key[place] == key[open_])
            behind &= self.account[place] < account[open_]
            open_ = open_[behind]
            at[open_] += 1
            here[open_] = np.minimum(at[open_], size - 1)
        return at, (at < size) & (self.key[here] == key) & (self.account[here] == account)


class LastSeen:
    """For each account, how many users were last seen on which of the latest `SLOTS` days."""

    def __init__(self, accounts: int) -> None:
        self._users = np.zeros((SLOTS, accounts), dtype=np.int32)

    @classmethod
    def of(cls, last: Ints, account: Ints, accounts: int, day: int) -> LastSeen:
        """Counted anew at the end of `day`."""
        found, held = cls(accounts), last > day - SLOTS
        flat = (last[held] % SLOTS).astype(np.int64) * accounts + account[held]
        np.add.at(found._users.reshape(-1), flat, np.int32(1))
        return found

    def turn(self, day: int) -> None:
        """Make room for `day`: what was last seen `SLOTS` days earlier is in no window any more."""
        self._users[day % SLOTS] = 0

    def see(
        self, last: Ints, places: npt.NDArray[np.intp], account: Ints, seen: int, day: int
    ) -> None:
        """Users at `places` of `last`, of `account`, were active on `seen`, known on `day`."""
        before = last[places]
        later = before < seen
        places, account, before = places[later], account[later], before[later]
        last[places] = np.arange(len(places))  # of a user named twice only the last one counts
        once = last[places] == np.arange(len(places))
        last[places] = seen
        account, before = account[once], before[once]
        held, size = before > day - SLOTS, self._users.shape[1]
        left = (before[held] % SLOTS).astype(np.int64) * size + account[held]
        np.subtract.at(self._users.reshape(-1), left, np.int32(1))  # its own type: 20 × faster
        if seen > day - SLOTS:
            self._users[seen % SLOTS] += np.bincount(account, minlength=size)

    def within(self, days: int, reference: int) -> npt.NDArray[np.int64]:
        """For each account its users whose last day lies in the `days` that end on `reference`."""
        first, after = (reference - days + 1) % SLOTS, (reference + 1) % SLOTS
        ring, parts = self._users, [(first, after)]
        if first >= after:
            parts = [(first, SLOTS), (0, after)]
        total = np.zeros(ring.shape[1], dtype=np.int32)
        for start, end in parts:
            total += ring[start:end].sum(axis=0, dtype=np.int32)
        return total.astype(np.int64)

    def after(self, reference: int, day: int) -> npt.NDArray[np.bool_]:
        """Accounts with users whose last day lies after `reference`, as known on `day`."""
        slots = np.arange(reference + 1, day + 1) % SLOTS
        return np.asarray(self._users[slots].any(axis=0))
