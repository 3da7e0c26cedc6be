"""Windows and weeks that end on the last day that was delivered, as known by day D.

Week k of the weekly series ends 7 × k days before the last delivered day and counts what was known
at its own end, so that a late source does not make the latest week look poor beside the others.
So every figure is an answer to one question: the users of the window that ends on day r, as known
at the end of day t. The state machine (`tally`) answers it for t = each day of the range in one
pass; earlier weeks are taken from what was stored on their own day; the few that neither knows
(`open_questions`) are counted directly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from health_pipeline.core.activity.first_active import starts
from health_pipeline.core.activity.tally import USER_WINDOWS, Tally
from health_pipeline.core.schemas.day import WEEKS, WINDOW_COLUMNS
from health_pipeline.core.schemas.time import day_number

MOST_LAG = 34
"""A source that is silent for longer has no value worth showing."""

OBSERVED: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "observed_on": pl.Date(),
    **WINDOW_COLUMNS,
    "weekly_users": pl.List(pl.Int64()),
}
"""One row an account and day with usage: windows that end on `observed_on`, and the distinct users
of the 14 weeks that end there, the latest first; a week before the first known user is null."""

QUESTIONS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "at": pl.Date(),
    "ends_on": pl.Date(),
}
"""Distinct users of `account_id` in the windows that end on `ends_on`, as known at the end of
`at`."""

USER_COLUMNS = tuple(name for name in WINDOW_COLUMNS if "users" in name)

Ints = npt.NDArray[np.int64]
Moment = tuple[date, int]
"""A day of knowledge and by how many days earlier the window ends."""

OPEN = -1
"""Stands for a number of users that is not known yet."""


@dataclass(slots=True)
class _Block:
    """The accounts of one day whose usage is known up to the same day."""

    day: date
    lag: int
    codes: Ints
    columns: dict[str, Ints] = field(default_factory=dict)
    weekly: Ints = field(default_factory=lambda: np.empty((0, WEEKS), np.int64))

    def moment(self, week: int) -> Moment:
        return self.day - timedelta(weeks=week), self.lag


def moments(observed: pl.DataFrame) -> set[Moment]:
    """At which days of knowledge, and how far back, users are asked for.

    Args:
        observed: account_id, date, observed_on (not null).
    """
    pairs = observed.select("date", _lag()).unique().iter_rows()
    return {(day - timedelta(weeks=k), lag) for day, lag in pairs for k in range(WEEKS)}


def _lag() -> pl.Expr:
    return (pl.col("date") - pl.col("observed_on")).dt.total_days().alias("lag")


class Observation:
    """Answers for the days of `observed`, collected while a tally walks over the days.

    Args:
        observed: account_id, date (the day D), observed_on (at most `MOST_LAG` days before D).
        accounts: ids of the tally, in its order.
        seen: `FIRST_ACTIVE` rows of all history.
        stored: `OBSERVED` rows of days before those that the tally walks over.
    """

    def __init__(
        self,
        observed: pl.DataFrame,
        accounts: pl.Series,
        seen: pl.DataFrame,
        stored: pl.DataFrame | None = None,
    ) -> None:
        known = observed.drop_nulls("observed_on").with_columns(_lag())
        self._accounts = accounts
        self._starts = {lag: starts(seen, accounts, lag) for lag in known["lag"].unique()}
        self._number = pl.DataFrame({"account_id": accounts}).with_row_index("code")
        self._moments = moments(known)
        self._lags: dict[date, list[int]] = {}
        for day, lag in sorted(self._moments):
            self._lags.setdefault(day, []).append(lag)
        self._week_users: dict[Moment, Ints] = {}
        self._blocks = [
            _Block(day, lag, part["code"].cast(pl.Int64).to_numpy())
            for (day, lag), part in known.join(self._number, on="account_id")
            .sort("date", "lag", "code")
            .partition_by("date", "lag", as_dict=True, maintain_order=True)
            .items()
        ]
        if stored is not None:
            self._remember(stored)

    def _remember(self, stored: pl.DataFrame) -> None:
        """Take the weeks that were counted on their own day and ended on the same day."""
        rows = stored.with_columns(_lag()).join(self._number, on="account_id")
        for (day, lag), part in rows.partition_by("date", "lag", as_dict=True).items():
            if (day, lag) in self._moments:
                users = np.full(len(self._accounts), OPEN, dtype=np.int64)
                counted = part["active_users_7d"].fill_null(OPEN).to_numpy()
                users[part["code"].to_numpy()] = counted
                self._week_users[(day, lag)] = users

    def look(self, tally: Tally) -> None:
        """Read what is asked of the day at whose end `tally` stands."""
        blocks = [block for block in self._blocks if block.day == tally.day]
        for lag in self._lags.get(tally.day, []):
            ahead = tally.ahead(lag) if lag else None
            users = tally.users(7, lag)
            self._week_users[(tally.day, lag)] = _opened(users, ahead)
            of_lag = [block for block in blocks if block.lag == lag]
            if not of_lag:
                continue
            columns = tally.columns(lag)
            for name in USER_COLUMNS:
                columns[name] = _opened(columns[name], ahead)
            for block in of_lag:
                block.columns = {name: columns[name][block.codes] for name in WINDOW_COLUMNS}

    def _weigh(self) -> None:
        """Put the weekly series of every block together."""
        nobody = np.full(len(self._accounts), OPEN, dtype=np.int64)
        for block in self._blocks:
            users = [self._week_users.get(block.moment(k), nobody) for k in range(WEEKS)]
            block.weekly = np.stack([of[block.codes] for of in users], axis=1)

    def open_questions(self) -> pl.DataFrame:
        """`QUESTIONS` that nobody has answered yet, after the last day."""
        self._weigh()
        parts = [pl.DataFrame(schema=QUESTIONS)]
        for block in self._blocks:
            _, user_known = self._starts[block.lag]
            since = user_known[block.codes]
            for week in range(WEEKS):
                at, lag = block.moment(week)
                ends_on = at - timedelta(days=lag)
                unknown = (block.weekly[:, week] == OPEN) & (since <= day_number(ends_on))
                if unknown.any():
                    ids = self._accounts.gather(block.codes[unknown])
                    parts.append(
                        ids.alias("account_id")
                        .to_frame()
                        .with_columns(pl.lit(at).alias("at"), pl.lit(ends_on).alias("ends_on"))
                    )
        return pl.concat(parts).unique(maintain_order=True)

    def answer(self, counted: pl.DataFrame) -> None:
        """Take the answers to `open_questions` (`counted_directly`)."""
        found = counted.join(self._number, on="account_id")
        by_moment: Mapping[tuple[object, ...], pl.DataFrame] = found.partition_by(
            "at", "ends_on", as_dict=True
        )
        for block in self._blocks:
            for week in range(WEEKS):
                at, lag = block.moment(week)
                rows = by_moment.get((at, at - timedelta(days=lag)))
                if rows is None:
                    continue
                place = np.searchsorted(block.codes, rows["code"].to_numpy())
                here = (place < len(block.codes)) & (
                    block.codes[np.minimum(place, len(block.codes) - 1)] == rows["code"].to_numpy()
                )
                part, place = rows.filter(pl.Series(here)), place[here]
                block.weekly[place, week] = part["active_users_7d"].to_numpy()
                if week == 0:
                    for name in USER_COLUMNS:
                        block.columns[name][place] = part[name].to_numpy()

    def rows(self) -> Iterator[pl.DataFrame]:
        """`OBSERVED` rows, one frame a day and lag; accounts not known to be active are absent."""
        for block in self._blocks:
            any_known, user_known = (since[block.codes] for since in self._starts[block.lag])
            end = day_number(block.day) - block.lag
            ends = end - 7 * np.arange(WEEKS)
            weekly = _listed(block.weekly, user_known[:, None] <= ends[None, :])
            known = pl.DataFrame(
                {
                    "account_id": self._accounts.gather(block.codes),
                    **block.columns,
                    "has_user": user_known <= end,
                    "known": any_known <= end,
                }
            )
            yield (
                known.with_columns(
                    pl.lit(block.day).alias("date"),
                    pl.lit(block.day - timedelta(days=block.lag)).alias("observed_on"),
                    weekly.alias("weekly_users"),
                    *(pl.when("has_user").then(name).alias(name) for name in USER_COLUMNS),
                )
                .filter("known")
                .select(*OBSERVED)
            )


def _listed(weekly: Ints, has_week: npt.NDArray[np.bool_]) -> pl.Series:
    """A list a row, null where there is no week."""
    flat = pl.DataFrame({"users": weekly.ravel(), "has": has_week.ravel()})
    users = flat.select(pl.when("has").then("users")).to_series()
    return users.reshape((len(weekly), WEEKS)).arr.to_list()


def _opened(users: Ints, ahead: npt.NDArray[np.bool_] | None) -> Ints:
    """`users`, `OPEN` for accounts of which later activity hides who was active before."""
    return users if ahead is None else np.where(ahead, OPEN, users)


def counted_directly(activity: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    """Distinct users straight from the rows, for the few questions that no state answers.

    Args:
        activity: `ACTIVITY` rows of the accounts, of the 90 days before each window's end.
        questions: `QUESTIONS`.

    Returns:
        `QUESTIONS` with `USER_COLUMNS`.
    """
    asked = questions.join(activity, on="account_id").filter(
        (pl.col("known_on") <= pl.col("at")) & (pl.col("day") <= pl.col("ends_on"))
    )

    def users(days: int, *of: pl.Expr) -> pl.Expr:
        within = pl.col("day") > pl.col("ends_on") - timedelta(days=days)
        found = pl.col("user_id").filter(within, *of).drop_nulls().n_unique()
        return found.cast(pl.Int64)

    counted = asked.group_by(*QUESTIONS).agg(
        *(users(days).alias(f"active_users_{days}d") for days in USER_WINDOWS),
        users(30, pl.col("core_events") > 0).alias("core_users_30d"),
    )
    return questions.join(counted, on=list(QUESTIONS), how="left").with_columns(
        pl.col(*USER_COLUMNS).fill_null(0)
    )
