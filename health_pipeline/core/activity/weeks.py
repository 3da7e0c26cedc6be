"""Distinct users of seven days, as they were counted on the days before: what trends look back on.

A moment is a day of knowledge and by how many days earlier the window ended.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int32]
Moment = tuple[date, int]

OPEN = -1
"""Stands for a number of users that is not known."""


class WeekUsers:
    """Users of each of `accounts` (distinct ids) at moments that were counted."""

    def __init__(self, accounts: pl.Series) -> None:
        self._accounts = accounts.rename("account_id")
        self._of: dict[date, dict[int, Ints]] = {}

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
        lags = rows["lag"].fill_null(OPEN).to_numpy()
        users = rows["active_users_7d"].fill_null(OPEN).cast(pl.Int32).to_numpy()
        for lag in np.unique(lags[lags >= 0]).tolist():
            self.note((day, lag), np.where(lags == lag, users, np.int32(OPEN)))

    def of(self, moment: Moment) -> Ints | None:
        """The users of all accounts; None where nobody counted them."""
        day, lag = moment
        return self._of.get(day, {}).get(lag)

    def knows(self, day: date) -> bool:
        """Whether `day` was counted or remembered."""
        return day in self._of

    def forget(self, before: date) -> None:
        """Leave out the days before `before`."""
        for day in [day for day in self._of if day < before]:
            del self._of[day]
