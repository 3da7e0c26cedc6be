"""The users of all accounts, in an order in which the rows of a day find their users."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.intp]

NEVER = -(2**30)


class Owners:
    """Users of accounts, ordered by the account's number and the user's key.

    The files of a day are ordered by account and user, so its rows ask for their users in about
    this order, and a binary search stays where it was. It goes over one number a user, the account
    above as many bits of the key as fit; the whole key decides between the few that share them.

    Attributes:
        key: 64 bits that stand for the user (`keys.user_keys`). `account`: number of the account.
        last: last day of any activity, in days since 1970. `last_core`: of core activity.
    """

    def __init__(self, accounts: int) -> None:
        """Nobody yet, of `accounts` numbered from 0."""
        self._bits = np.uint64(max(accounts.bit_length(), 1))
        self._room = np.uint64(64) - self._bits
        self._code = np.empty(0, np.uint64)
        self.key = np.empty(0, np.uint64)
        self.last = np.empty(0, np.int32)
        self.last_core = np.empty(0, np.int32)

    @classmethod
    def of(
        cls, accounts: int, key: Keys, account: npt.NDArray[np.integer], last: Ints, core: Ints
    ) -> Owners:
        """Of distinct pairs of key and account in any order."""
        found = cls(accounts)
        code = found._coded(key, account)
        ahead = (code[1:] > code[:-1]) | ((code[1:] == code[:-1]) & (key[1:] > key[:-1]))
        order = slice(None) if ahead.all() else np.lexsort((key, code))
        found._code, found.key = code[order], key[order]
        found.last, found.last_core = last[order].copy(), core[order].copy()
        return found

    @property
    def account(self) -> Ints:
        """The number of each user's account."""
        return (self._code >> self._room).astype(np.int32)

    def _coded(self, key: Keys, account: npt.NDArray[np.integer]) -> Keys:
        return (account.astype(np.uint64) << self._room) | (key >> self._bits)

    def forget(self, day: int) -> None:
        """Leave out who was last seen on `day` or before, if these are many."""
        held = self.last > day
        if np.count_nonzero(held) * 4 < len(held) * 3:
            self._code, self.key = self._code[held], self.key[held]
            self.last, self.last_core = self.last[held], self.last_core[held]

    def places(
        self, asked: Sequence[tuple[Keys, npt.NDArray[np.integer]]]
    ) -> list[npt.NDArray[np.intp]]:
        """Where each (key, account) of each part stands; those that are new find a place first."""
        coded = [(self._coded(key, account), key) for key, account in asked]
        found = [self._find(code, key) for code, key in coded]
        if all(known.all() for _, known in found):
            return [at for at, _ in found]
        new = [code[~known] for (code, _), (_, known) in zip(coded, found, strict=True)]
        keys = [key[~known] for (_, key), (_, known) in zip(coded, found, strict=True)]
        moved = self._insert(np.concatenate(new), np.concatenate(keys))
        places = []
        for (before, known), code, key in zip(found, new, keys, strict=True):
            at = before + moved[before]
            at[~known], _ = self._find(code, key)
            places.append(at)
        return places

    def _insert(self, code: Keys, key: Keys) -> Places:
        """Put users in who are not here; gives by how much each place of before moved on."""
        order = np.lexsort((key, code))
        code, key = code[order], key[order]
        once = np.ones(len(code), dtype=np.bool_)
        once[1:] = (code[1:] != code[:-1]) | (key[1:] != key[:-1])
        code, key = code[once], key[once]
        where, _ = self._find(code, key)
        moved = np.cumsum(np.bincount(where, minlength=len(self.key) + 1))
        self._code, self.key = np.insert(self._code, where, code), np.insert(self.key, where, key)
        self.last = np.insert(self.last, where, NEVER)
        self.last_core = np.insert(self.last_core, where, NEVER)
        return moved

    def _find(self, code: Keys, key: Keys) -> tuple[Places, npt.NDArray[np.bool_]]:
        """For each user the place, or where it belongs; and whether it is here."""
        size = len(self.key)
        at = np.searchsorted(self._code, code)
        if not size:
            return at, np.zeros(len(code), dtype=np.bool_)
        here = np.minimum(at, size - 1)
        alike, known = self._code[here] == code, self.key[here] == key
        known &= alike
        # Several users share the bits that are in order: a few steps for a few rows.
        open_ = np.flatnonzero(alike & ~known)
        while len(open_):
            place = here[open_]
            behind = (at[open_] < size) & (self._code[place] == code[open_])
            behind &= self.key[place] < key[open_]
            open_ = open_[behind]
            at[open_] += 1
            here[open_] = np.minimum(at[open_], size - 1)
            known[open_] = (at[open_] < size) & (self.key[here[open_]] == key[open_])
            known[open_] &= self._code[here[open_]] == code[open_]
        return at, known
