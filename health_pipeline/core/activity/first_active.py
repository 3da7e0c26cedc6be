"""Since when an account is known to be active: from then on its silence is a zero, not a gap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]

NEVER = np.iinfo(np.int64).max

FIRST_ACTIVE: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "known_on": pl.Date(),
    "first_active_on": pl.Date(),
    "first_user_on": pl.Date(),
    "first_core_on": pl.Date(),
}
"""Since known_on it is known that the account was first active on first_active_on, that one of its
users was on first_user_on (null: no activity had a user), and that its first core activity was on
first_core_on (null: none yet); a row wherever that changed."""

STARTS = ("first_active_on", "first_user_on")
FIRSTS = (*STARTS, "first_core_on")


def first_active(activity: pl.DataFrame, earlier: pl.DataFrame | None = None) -> pl.DataFrame:
    """When each account was first active, as known over time, in the shape of `FIRST_ACTIVE`.

    Args:
        activity: `ACTIVITY` rows.
        earlier: the answer for other rows, to be merged.
    """
    key = ["account_id", "known_on"]
    rows = activity.group_by("account_id", pl.max_horizontal("day", "known_on")).agg(
        pl.col("day").min().alias("first_active_on"),
        pl.col("day").filter(pl.col("user_id").is_not_null()).min().alias("first_user_on"),
        pl.col("day").filter(pl.col("core_events") > 0).min().alias("first_core_on"),
    )
    rows = rows.rename({"day": "known_on"}).select(*FIRST_ACTIVE)
    changed = [pl.col(name).ne_missing(pl.col(name).shift(1).over("account_id")) for name in FIRSTS]
    return (
        pl.concat([rows, earlier.select(*FIRST_ACTIVE)] if earlier is not None else [rows])
        .group_by(key)
        .agg(pl.col(*FIRSTS).min())
        .sort(key)
        .with_columns(pl.col(name).cum_min().forward_fill().over("account_id") for name in FIRSTS)
        .filter(pl.any_horizontal(changed))
    )


def starts(seen: pl.DataFrame, accounts: pl.Series, lag: int) -> tuple[Ints, Ints]:
    """The first day on which a window that is read `lag` days later knows of each account.

    Args:
        seen: `FIRST_ACTIVE` rows.
        accounts: ids, distinct.
        lag: days between a window's end and the day on which it is read.

    Returns:
        In the order of `accounts`, as days since 1970, `NEVER` if none: the first end of a window
        by which any activity is known, and by which activity of a user is.
    """
    known = pl.col("known_on").to_physical().cast(pl.Int64) - lag
    firsts = accounts.to_frame("account_id").join(
        seen.group_by("account_id").agg(
            pl.max_horizontal(pl.col(name).to_physical().cast(pl.Int64), known)
            .filter(pl.col(name).is_not_null())
            .min()
            .alias(name)
            for name in STARTS
        ),
        on="account_id",
        how="left",
        maintain_order="left",
    )
    active, user = (firsts[name].fill_null(NEVER).to_numpy() for name in STARTS)
    return active, user


class FirstCore:
    """The first day of core activity of each of `accounts`, day after day.

    Args:
        seen: `FIRST_ACTIVE` rows.
        accounts: ids, distinct.
    """

    def __init__(self, seen: pl.DataFrame, accounts: pl.Series) -> None:
        number = accounts.to_frame("account_id").with_row_index("code")
        rows = seen.drop_nulls("first_core_on").join(number, on="account_id").sort("known_on")
        names = ("code", "first_core_on", "known_on")
        self._code, self._first, self._known = (
            rows[name].to_physical().cast(pl.Int64).to_numpy() for name in names
        )
        self._taken = 0
        self._found = np.full(len(accounts), NEVER, dtype=np.int64)

    def on(self, day: int) -> Ints:
        """As known at the end of `day`, in the order of the accounts, `NEVER` if none.

        The days must be asked for in ascending order.
        """
        end = int(np.searchsorted(self._known, day, side="right"))
        new = slice(self._taken, end)
        np.minimum.at(self._found, self._code[new], self._first[new])
        self._taken = end
        return self._found
