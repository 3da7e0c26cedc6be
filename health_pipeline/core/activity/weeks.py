"""Distinct users of seven days, as they were counted on the days before: what trends look back on.

A moment is a day of knowledge and by how many days earlier the window ended. Beside the users it is
kept how far each account's usage was known then: what was counted before it was delivered is no
answer.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Moment = tuple[date, int]

OPEN = -1
"""Stands for a number of users that is not known."""

NOBODY = -1
"""Stands for the lag of an account whose usage is not known up to any day."""


class WeekUsers:
    """Users of each of `accounts` (distinct ids) at moments that were counted."""

    def __init__(self, accounts: pl.Series) -> None:
        self._accounts = accounts.rename("account_id")
        self._of: dict[date, dict[int, Ints]] = {}
        self._lags: dict[date, Ints] = {}

    def note(self, moment: Moment, users: Ints) -> None:
        """Keep `users`, in the order of the accounts; `OPEN` where they are not known."""
        day, lag = moment
        self._of.setdefault(day, {})[lag] = users

    def remember(self, day: date, stored: pl.DataFrame) -> None:
        """Take up what was stored of `day`.

        Args:
            day: the day of knowledge.
            stored: account_id, observed_on, active_users_7d.
        """
        self._of.setdefault(day, {})
        rows = self._accounts.to_frame().join(
            stored.with_columns((pl.lit(day) - pl.col("observed_on")).dt.total_days().alias("lag")),
            on="account_id",
            how="left",
            maintain_order="left",
        )
        lags = rows["lag"].fill_null(NOBODY).cast(pl.Int32).to_numpy()
        self.known_up_to(day, lags)
        users = rows["active_users_7d"].fill_null(OPEN).cast(pl.Int32).to_numpy()
        for lag in np.unique(lags[lags >= 0]).tolist():
            self.note((day, lag), np.where(lags == lag, users, np.int32(OPEN)))

    def known_up_to(self, day: date, lags: Ints) -> None:
        """Keep how many days before `day` each account's usage was known up to at its end."""
        self._lags[day] = lags

    def undelivered(self, moment: Moment) -> Flags | None:
        """Of which accounts the window of `moment` was not delivered yet; None: nobody knows."""
        day, lag = moment
        lags = self._lags.get(day)
        return None if lags is None else (lags > lag) | (lags == NOBODY)

    def of(self, moment: Moment) -> Ints | None:
        """The users of all accounts; None where nobody counted them."""
        day, lag = moment
        return self._of.get(day, {}).get(lag)

    def knows(self, day: date) -> bool:
        """Whether `day` was counted or remembered."""
        return day in self._of

    def forget(self, before: date) -> None:
        """Leave out the days before `before`."""
        for kept in (self._of, self._lags):
            for day in [day for day in kept if day < before]:
                del kept[day]
