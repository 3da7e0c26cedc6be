"""The state of all windows, carried from day to day: what a day adds costs a day.

Days must be taken in order. At the end of each day the windows that end on that day, or on one of
the 34 days before it, can be read as they were known then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from health_pipeline.core.activity.keys import user_keys
from health_pipeline.core.activity.last_seen import SLOTS, LastSeen, Owners
from health_pipeline.core.activity.volumes import SLOTS as VOLUME_SLOTS
from health_pipeline.core.activity.volumes import Use, Volumes
from health_pipeline.core.schemas.time import day_number

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

USER_WINDOWS = (7, 30, 90)
LOOK_BACK = SLOTS
"""Days of activity before the first day that the state is built from."""

USERS: dict[str, pl.DataType] = {
    "key": pl.UInt64(),
    "account": pl.UInt32(),
    "last": pl.Int32(),
    "last_core": pl.Int32(),
}
"""The stored state of users: `account` is the row of `KNOWN`, days are counted from 1970."""

KNOWN: dict[str, pl.DataType] = {"account_id": pl.String(), "through": pl.Date()}
"""The accounts of a stored state, in their order, and the day at whose end it stood."""


class Tally:
    """Windows of `accounts` (distinct ids), at the end of `day`."""

    def __init__(self, accounts: pl.Series, day: date) -> None:
        self.accounts = accounts
        self.day = day
        self._kind = pl.Categorical(pl.Categories.random())
        # Numbers them in their order, as long as this series lives.
        self._numbered = accounts.cast(self._kind)
        self.owners = Owners()
        self._users = LastSeen(len(accounts))
        self._core_users = LastSeen(len(accounts))
        self._volumes = Volumes(len(accounts))

    @property
    def reference(self) -> int:
        """The day as a number."""
        return day_number(self.day)

    def codes(self, ids: pl.Series) -> Ints:
        """Numbers of accounts; those that this tally does not count lie beyond its last one."""
        return ids.cast(self._kind).to_physical().cast(pl.Int64).to_numpy()

    def restore(self, users: pl.DataFrame, known: pl.DataFrame) -> None:
        """Take up a stored state of the end of `day` (`USERS`, `KNOWN`)."""
        code = self.codes(known["account_id"])[users["account"].to_numpy()]
        held = code < len(self.accounts)
        self.owners = Owners(
            users["key"].to_numpy()[held],
            code[held].astype(np.int32),
            *(users[name].to_numpy()[held].copy() for name in ("last", "last_core")),
        )
        self._count()

    def _count(self) -> None:
        owners, size, day = self.owners, len(self.accounts), self.reference
        self._users = LastSeen.of(owners.last, owners.account, size, day)
        self._core_users = LastSeen.of(owners.last_core, owners.account, size, day)

    def stored(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """`USERS` and `KNOWN`, without users who are in no window any more."""
        owners = self.owners
        held = owners.last > self.reference - SLOTS
        users = pl.DataFrame(
            {
                "key": owners.key[held],
                "account": owners.account[held],
                "last": owners.last[held],
                "last_core": owners.last_core[held],
            }
        ).cast(USERS)  # type: ignore[arg-type]
        known = self.accounts.alias("account_id").to_frame()
        return users, known.with_columns(pl.lit(self.day).alias("through"))

    def fill(self, activity: pl.DataFrame) -> None:
        """Take up the volumes of `ACTIVITY` rows known by the end of `day`, after `restore`."""
        self._volumes.add(self._use(activity), self.reference)

    def run(self, activity: pl.DataFrame, last: date) -> Iterator[Tally]:
        """This tally at the end of each following day through `last`, in order.

        Args:
            activity: `ACTIVITY` rows that became known on these days.
            last: the last day.
        """
        use, of_day = self._use(activity), _slices(_numbers(activity, "known_on"))
        places = self._places(activity, use.account)
        while self.day < last:
            self.day += timedelta(days=1)
            for held in (self._users, self._core_users, self._volumes):
                held.turn(self.reference)
            rows = of_day.get(self.reference)
            if rows is not None:
                today = use.of(rows)
                counted = today.account < len(self.accounts)
                today = today if counted.all() else today.of(counted)
                self._volumes.add(today, self.reference)
                self._see(places[rows][counted], today)
            yield self

    def _use(self, activity: pl.DataFrame) -> Use:
        figures = ("day", "events", "core_events", "features")
        return Use(self.codes(activity["account_id"]), *(_numbers(activity, n) for n in figures))

    def _places(self, activity: pl.DataFrame, account: Ints) -> Ints:
        """Each row's place among the owners; −1 for what is of nobody in particular."""
        users, named = activity["user_id"], account < len(self.accounts)
        if users.null_count():
            named &= users.is_not_null().to_numpy()
        if named.all():
            return self.owners.places(user_keys(users).to_numpy(), account.astype(np.int32))
        places = np.full(len(account), -1)
        keys = user_keys(users.filter(pl.Series(named))).to_numpy()
        places[named] = self.owners.places(keys, account[named].astype(np.int32))
        return places

    def _see(self, places: Ints, use: Use) -> None:
        owners, today, named = self.owners, self.reference, places >= 0
        for seen in np.unique(use.day).tolist():
            of = named & (use.day == seen)
            self._users.see(owners.last, places[of], use.account[of], seen, today)
            of &= use.core_events > 0
            self._core_users.see(owners.last_core, places[of], use.account[of], seen, today)

    def users(self, days: int, lag: int = 0) -> Ints:
        """Distinct users of the window of `days` that ends `lag` days ago, for each account.

        Not known from this state for the accounts of `ahead(lag)`.
        """
        return self._users.within(days, self.reference - lag)

    def ahead(self, lag: int) -> Flags:
        """Accounts with users who were seen after the day `lag` days ago."""
        return self._users.after(self.reference - lag, self.reference)

    def columns(self, lag: int = 0) -> dict[str, Ints]:
        """`WINDOW_COLUMNS` of the windows that end `lag` (at most 34) days ago."""
        if lag > VOLUME_SLOTS - 30:
            raise ValueError(f"a window that ended {lag} days ago is not held any more")
        reference = self.reference - lag
        return {
            **{f"active_users_{days}d": self.users(days, lag) for days in USER_WINDOWS},
            "core_users_30d": self._core_users.within(30, reference),
            **self._volumes.columns(reference),
        }


def _numbers(rows: pl.DataFrame, column: str) -> Ints:
    return rows[column].to_physical().cast(pl.Int64).to_numpy()


def _slices(known: Ints) -> dict[int, npt.NDArray[np.intp]]:
    """The rows of each day on which something became known."""
    order = np.argsort(known, kind="stable")
    days, starts = np.unique(known[order], return_index=True)
    parts = np.split(order, starts)[1:]
    return dict(zip(days.tolist(), parts, strict=True))
