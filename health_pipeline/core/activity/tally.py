"""The state of all windows, carried from day to day: what a day adds costs a day.

Days must be taken in order. At the end of each day the windows that end on that day, or on one of
the 34 days before it, can be read as they were known then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from health_pipeline.core.activity.active_days import MASKED_DAYS, WORDS, ActiveDays
from health_pipeline.core.activity.keys import NOBODY, user_keys
from health_pipeline.core.activity.last_seen import SLOTS, LastSeen
from health_pipeline.core.activity.owners import Owners, Places
from health_pipeline.core.activity.volumes import SLOTS as VOLUME_SLOTS
from health_pipeline.core.activity.volumes import Rows, Use, Volumes
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline.core.schemas.time import day_number

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

USER_WINDOWS = (7, 30, 90)
CORE_WINDOW = 30
MOST_LAG = VOLUME_SLOTS - 30
LOOK_BACK = max(SLOTS, MASKED_DAYS + MOST_LAG)
"""Days of activity before the first day that the state is built from."""

USERS: dict[str, pl.DataType] = {
    "key": pl.UInt64(),
    "account": pl.UInt32(),
    "last": pl.Int32(),
    "last_core": pl.Int32(),
}
"""The stored state of users: `account` is the row of `KNOWN`, days are counted from 1970."""

ACTIVE = tuple(f"active_{word}" for word in range(WORDS))

KNOWN: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "through": pl.Date(),
    **dict.fromkeys(ACTIVE, pl.UInt64()),
}
"""The accounts of a stored state, in their order, the day at whose end it stood, and the words of
`ActiveDays`: three numbers an account, where to read these days again would be half a year of
files."""

USER_DAYS = ("account_id", "user_id", "day", "known_on")
"""Columns of activity that a tally of users alone reads."""


class Tally:
    """Windows of `accounts` (distinct ids), at the end of `day`.

    Rows find their users fastest where `accounts` are in ascending order.

    Args:
        accounts: ids.
        day: the day.
        users_only: only `users` will be asked for, of windows that end on the day itself or
            earlier: rows need no more than `USER_DAYS`, and no state can be stored.
    """

    def __init__(self, accounts: pl.Series, day: date, *, users_only: bool = False) -> None:
        self.accounts = accounts
        self.day = day
        self._kind = pl.Categorical(pl.Categories.random())
        # Numbers them in their order, as long as this series lives.
        self._numbered = accounts.cast(self._kind)
        size = len(accounts)
        self.owners = Owners(size)
        self._users = LastSeen(size, USER_WINDOWS)
        self._whole = not users_only
        self._core_users = LastSeen(size if self._whole else 0, (CORE_WINDOW,))
        self._volumes = Volumes(size if self._whole else 0)
        self._active = ActiveDays(size if self._whole else 0)

    @property
    def reference(self) -> int:
        """The day as a number."""
        return day_number(self.day)

    def codes(self, ids: pl.Series) -> npt.NDArray[np.int32]:
        """Numbers of accounts; those that this tally does not count lie beyond its last one."""
        runs = ids.rle().struct.unnest()  # activity is ordered by account
        codes = runs["value"].cast(self._kind).to_physical().cast(pl.Int32).to_numpy()
        return np.repeat(codes, runs["len"].to_numpy())

    def restore(self, users: pl.DataFrame, known: pl.DataFrame) -> None:
        """Take up a stored state of the end of `day` (`USERS`, `KNOWN`)."""
        own = self.codes(known["account_id"])
        here = own < len(self.accounts)
        for word, name in zip(self._active.words, ACTIVE, strict=True):
            word[own[here]] = known[name].to_numpy()[here]
        code = own[users["account"].to_numpy()]
        held = code < len(self.accounts)
        key, last, core = (users[name].to_numpy()[held] for name in ("key", "last", "last_core"))
        owners = self.owners = Owners.of(len(self.accounts), key, code[held], last, core)
        account = owners.account
        self._users.count(owners.last, account, self.reference)
        self._core_users.count(owners.last_core, account, self.reference)

    def stored(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """`USERS` and `KNOWN`, without users who are in no window any more.

        Raises:
            ValueError: a tally of users only.
        """
        if not self._whole:
            raise ValueError("a tally of users only is no state to go on from")
        owners = self.owners
        users = pl.DataFrame(
            {
                "key": owners.key,
                "account": owners.account,
                "last": owners.last,
                "last_core": owners.last_core,
            }
        ).cast(USERS)  # type: ignore[arg-type]
        known = self.accounts.alias("account_id").to_frame()
        return (
            users.filter(pl.col("last") > self.reference - SLOTS),
            known.with_columns(
                pl.lit(self.day).alias("through"),
                *(pl.Series(n, w) for n, w in zip(ACTIVE, self._active.words, strict=True)),
            ),
        )

    def fill(self, activity: pl.DataFrame) -> None:
        """Take up the volumes of `ACTIVITY` rows known by the end of `day`, after `restore`."""
        use = _use(activity, self.codes(activity["account_id"]))
        counted = use.account < len(self.accounts)
        self._volumes.add(use if counted.all() else use.of(counted), self.reference)

    def run(self, activity: pl.DataFrame, last: date) -> Iterator[Tally]:
        """This tally at the end of each following day through `last`, in order.

        Args:
            activity: `ACTIVITY` rows that became known on these days.
            last: the last day.
        """
        self.owners.forget(self.reference - SLOTS)
        codes = self.codes(activity["account_id"])
        of_day = _slices(activity["known_on"].to_physical().to_numpy())
        places = self._places(activity, codes, of_day)
        use = _use(activity, codes)
        while self.day < last:
            self.day += timedelta(days=1)
            today = self.reference
            self._users.turn(today)
            if self._whole:
                self._core_users.turn(today)
                self._volumes.turn(today)
                self._active.turn()
            if today in of_day:
                self._take(use.of(of_day[today]), places[today])
            yield self

    def _places(
        self, activity: pl.DataFrame, codes: npt.NDArray[np.int32], of_day: Mapping[int, Rows]
    ) -> dict[int, Places]:
        """Each row's place among the owners, day by day; −1 for what is of nobody in particular."""
        users, named = activity["user_id"], codes < len(self.accounts)
        if users.null_count():
            named &= users.is_not_null().to_numpy()
            users = users.fill_null(NOBODY)
        keys, all_named = user_keys(users).to_numpy(), bool(named.all())
        asked = [(keys[rows], codes[rows]) for rows in of_day.values()]
        if all_named:
            return dict(zip(of_day, self.owners.places(asked), strict=True))
        of = [named[rows] for rows in of_day.values()]
        found = self.owners.places(
            [(key[own], code[own]) for (key, code), own in zip(asked, of, strict=True)]
        )
        places = {}
        for day, own, at in zip(of_day, of, found, strict=True):
            places[day] = np.full(len(own), -1)
            places[day][own] = at
        return places

    def _take(self, use: Use, places: Places) -> None:
        """What became known today: in order where it is of today, the little that is late apart."""
        counted = use.account < len(self.accounts)
        if not counted.all():
            use, places = use.of(counted), places[counted]
        on_time = use.day == self.reference
        parts = [(use, places)]
        if not on_time.all():
            parts = [(use.of(rows), places[rows]) for rows in (on_time, ~on_time)]
        for some, at in parts:
            if self._whole:
                self._volumes.add(some, self.reference)
                self._active.add(some.account, self.reference - some.day)
            self._see(at, some)

    def _see(self, places: Places, use: Use) -> None:
        owners, today, account, day = self.owners, self.reference, use.account, use.day
        if (places < 0).any():
            named = places >= 0
            places, use = places[named], use.of(named)
            account, day = use.account, use.day
        self._users.see(owners.last, places, account, day, today)
        if self._whole:
            core = use.core_events > 0
            self._core_users.see(owners.last_core, places[core], account[core], day[core], today)

    def users(self, days: int, lag: int = 0) -> Ints:
        """Distinct users of the window of `days` that ends `lag` days ago, for each account.

        Not known from this state for the accounts of `ahead(lag)`.
        """
        return self._users.within(days, self.reference - lag, self.reference)

    def ahead(self, lag: int) -> Flags:
        """Accounts with users who were seen after the day `lag` days ago."""
        return self._users.after(self.reference - lag, self.reference)

    def columns(self, lag: int = 0) -> dict[str, Ints]:
        """`WINDOW_COLUMNS` of the windows that end `lag` (at most 34) days ago."""
        if lag > MOST_LAG:
            raise ValueError(f"a window that ended {lag} days ago is not held any more")
        today = self.reference
        return {
            **{f"active_users_{days}d": self.users(days, lag) for days in USER_WINDOWS},
            "core_users_30d": self._core_users.within(CORE_WINDOW, today - lag, today),
            **self._volumes.columns(today - lag, today),
            **self._active.columns(lag),
        }


def _use(activity: pl.DataFrame, codes: npt.NDArray[np.int32]) -> Use:
    """The figures of `activity`; none where it was read without them (`USER_DAYS`)."""
    nothing = np.broadcast_to(np.int64(0), activity.height)
    figures = (
        activity[name].to_numpy() if name in activity.columns else nothing
        for name in tuple(ACTIVITY)[4:]
    )
    return Use(codes, activity["day"].to_physical().to_numpy(), *figures)


def _slices(known: npt.NDArray[np.int32]) -> dict[int, Rows]:
    """The rows of each day on which something became known."""
    if (known[1:] >= known[:-1]).all():
        borders = [0, *(np.flatnonzero(np.diff(known)) + 1).tolist(), len(known)]
        return {int(known[a]): slice(a, b) for a, b in pairwise(borders) if a < b}
    order = np.argsort(known, kind="stable")
    days, starts = np.unique(known[order], return_index=True)
    return dict(zip(days.tolist(), np.split(order, starts[1:]), strict=True))
