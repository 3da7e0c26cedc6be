"""Windows and weeks that end on the last day that was delivered, as known by day D.

Week k of the weekly series ends 7 × k days before the last delivered day and counts what was known
at its own end, so that a late source does not make the latest week look poor beside the others. A
week that was not delivered by then counts what is known now: our outage is nobody's quiet week.
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

from health_pipeline.core.activity.direct import QUESTIONS, USER_COLUMNS
from health_pipeline.core.activity.first_active import NEVER, FirstCore, starts
from health_pipeline.core.activity.tally import Tally
from health_pipeline.core.activity.weeks import NOBODY, OPEN, Moment, WeekUsers
from health_pipeline.core.schemas.day import WEEKS, WINDOW_COLUMNS
from health_pipeline.core.schemas.time import day_number

OBSERVED: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "observed_on": pl.Date(),
    **WINDOW_COLUMNS,
    "first_core_on": pl.Date(),
    "weekly_users": pl.List(pl.Int64()),
}
"""One row an account and day with usage: windows that end on `observed_on`, the first day of core
activity as known at the end of `date` (null: none yet), and the distinct users of the 14 weeks that
end on `observed_on`, the latest first; a week before the first known user is null."""

Ints = npt.NDArray[np.int64]
Lags = Mapping[date, npt.NDArray[np.int32]]
"""For each day D and each account: how many days before D its usage is known up to."""


def moments(lags: Lags) -> set[Moment]:
    """At which days of knowledge, and how far back, users are asked for."""
    return {
        (day - timedelta(weeks=k), lag)
        for day, of_day in lags.items()
        for lag in _lags_of(of_day)
        for k in range(WEEKS)
    }


def _lags_of(lags: npt.NDArray[np.int32]) -> list[int]:
    counts = np.bincount(lags.astype(np.intp) + 1)[1:]
    return [int(lag) for lag in np.flatnonzero(counts)]


@dataclass(slots=True)
class _Day:
    """What is asked of one day: `codes` are the accounts, `lags` how far back each is known.

    `late`: rows × weeks, whether a week is counted as known on the day itself.
    """

    day: date
    codes: npt.NDArray[np.intp]
    lags: npt.NDArray[np.int32]
    columns: dict[str, Ints] = field(default_factory=dict)
    weekly: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 0), np.int32))
    late: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 0), np.bool_))
    first_core: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    frame: pl.DataFrame | None = None

    @classmethod
    def of(cls, day: date, lags: npt.NDArray[np.int32]) -> _Day:
        codes = np.flatnonzero(lags != NOBODY)
        return cls(day, codes, lags[codes])

    def groups(self) -> Iterator[tuple[int, slice | npt.NDArray[np.intp]]]:
        """Each lag with its rows; mostly there is one, and all rows have it."""
        lags = _lags_of(self.lags)
        for lag in lags:
            yield lag, slice(None) if len(lags) == 1 else np.flatnonzero(self.lags == lag)


class Observation:
    """Answers for the days of `lags`, collected while a tally walks over the days.

    Args:
        lags: what is asked: `NOBODY`, or at most `MOST_LAG`.
        accounts: ids of the tally, in its order, ascending.
        seen: `FIRST_ACTIVE` rows of all history.
        weeks: users of the days before those that the tally walks over, and how far usage was
            known then; it takes in these, too.
    """

    def __init__(
        self, lags: Lags, accounts: pl.Series, seen: pl.DataFrame, weeks: WeekUsers
    ) -> None:
        self._accounts, self._weeks = accounts, weeks
        self._number = pl.DataFrame({"account_id": accounts}).with_row_index("code")
        self._lags: dict[date, list[int]] = {}
        for day, lag in sorted(moments(lags)):
            self._lags.setdefault(day, []).append(lag)
        asked = {lag for of_day in lags.values() for lag in _lags_of(of_day)}
        self._starts = {lag: starts(seen, accounts, lag) for lag in sorted(asked)}
        self._first_core = FirstCore(seen, accounts)
        self._days = {day: _Day.of(day, of_day) for day, of_day in sorted(lags.items())}
        self._open: list[_Day] = []
        for day, of_day in lags.items():
            weeks.known_up_to(day, of_day)

    def look(self, tally: Tally) -> None:
        """Read what is asked of the day at whose end `tally` stands."""
        aheads = {}
        for lag in self._lags.get(tally.day, []):
            ahead = aheads[lag] = tally.ahead(lag) if lag else None
            users = _opened(tally.users(7, lag), ahead).astype(np.int32)
            self._weeks.note((tally.day, lag), users)
        day = self._days.get(tally.day)
        if day is None or not len(day.codes):
            return
        day.first_core = self._first_core.on(day_number(day.day))[day.codes]
        for lag, rows in day.groups():
            columns, codes = tally.columns(lag), day.codes[rows]
            for name in USER_COLUMNS:
                columns[name] = _opened(columns[name], aheads[lag])
            for name in WINDOW_COLUMNS:
                if name not in day.columns:
                    day.columns[name] = np.empty(len(day.codes), dtype=np.int64)
                day.columns[name][rows] = columns[name][codes]
        self._weigh(day)
        if self._unknown(day).any():
            self._open.append(day)
        else:
            self._close(day)

    def _weigh(self, day: _Day) -> None:
        """Put the weekly series of the day together."""
        day.weekly = np.full((len(day.codes), WEEKS), OPEN, dtype=np.int32)
        day.late = np.zeros(day.weekly.shape, dtype=np.bool_)
        for lag, rows in day.groups():
            for week in range(WEEKS):
                moment = (day.day - timedelta(weeks=week), lag)
                users = self._weeks.of(moment)
                if users is not None:
                    day.weekly[rows, week] = users[day.codes[rows]]
                late = self._weeks.undelivered(moment)
                if late is not None and late.any():
                    day.late[rows, week] = late[day.codes[rows]]
        day.weekly[day.late] = OPEN

    def _since(self, day: _Day, which: int) -> Ints:
        """Of each row since when (0) any activity is known, (1) activity of a user is."""
        since = np.empty(len(day.codes), dtype=np.int64)
        for lag, rows in day.groups():
            since[rows] = self._starts[lag][which][day.codes[rows]]
        return since

    def _has_week(self, day: _Day) -> npt.NDArray[np.bool_]:
        """Rows × weeks: whether a user was known by the end of the week."""
        ends = day_number(day.day) - day.lags
        return np.asarray(
            self._since(day, 1)[:, None] <= ends[:, None] - 7 * np.arange(WEEKS)[None, :]
        )

    def _unknown(self, day: _Day) -> npt.NDArray[np.bool_]:
        open_: npt.NDArray[np.bool_] = day.weekly == OPEN
        return np.asarray(open_ & self._has_week(day)) if open_.any() else open_

    def open_questions(self) -> pl.DataFrame:
        """`QUESTIONS` that nobody has answered yet, after the last day."""
        parts = [pl.DataFrame(schema=QUESTIONS)]
        for day in self._open:
            rows, weeks = np.nonzero(self._unknown(day))
            today = day_number(day.day)
            ends = today - 7 * weeks - day.lags[rows]
            at = np.where(day.late[rows, weeks], today, today - 7 * weeks)
            parts.append(
                pl.DataFrame(
                    {
                        "account_id": self._accounts.gather(day.codes[rows]),
                        "at": at.astype(np.int32),
                        "ends_on": ends.astype(np.int32),
                    }
                ).cast(QUESTIONS)  # type: ignore[arg-type]
            )
        return pl.concat(parts).unique(maintain_order=True)

    def answer(self, counted: pl.DataFrame) -> None:
        """Take answers to some of the `open_questions` (`counted_directly`)."""
        by_moment: Mapping[tuple[object, ...], pl.DataFrame] = counted.join(
            self._number, on="account_id"
        ).partition_by("at", "ends_on", as_dict=True)
        for day in self._open:
            for lag in _lags_of(day.lags):
                for week in range(WEEKS):
                    then = day.day - timedelta(weeks=week)
                    for late, at in ((False, then), (True, day.day)):
                        rows = by_moment.get((at, then - timedelta(days=lag)))
                        if rows is not None:
                            _fill(day, lag, week, rows, late=late)

    def _close(self, day: _Day) -> None:
        """All is known: make the day's `OBSERVED` rows."""
        any_known, user_known = (self._since(day, which) for which in (0, 1))
        ends = day_number(day.day) - day.lags.astype(np.int32)
        known = pl.DataFrame(
            {
                "account_id": self._accounts.gather(day.codes),
                "observed_on": ends,
                **day.columns,
                "first_core_on": day.first_core,
                "weekly_users": _listed(day.weekly, self._has_week(day)),
                "has_user": user_known <= ends,
                "known": any_known <= ends,
            }
        )
        day.frame = known.filter("known").select(
            "account_id",
            pl.lit(day.day).alias("date"),
            pl.col("observed_on").cast(pl.Date),
            *(
                pl.when("has_user").then(name).alias(name) if name in USER_COLUMNS else name
                for name in WINDOW_COLUMNS
            ),
            pl.col("first_core_on").replace(NEVER, None).cast(pl.Int32).cast(pl.Date),
            "weekly_users",
        )
        day.columns, day.weekly, day.late = {}, day.weekly[:0], day.late[:0]

    def rows(self) -> pl.DataFrame:
        """`OBSERVED` rows by date and account; accounts not known to be active are absent.

        To be asked for when all questions are answered.
        """
        for day in self._open:
            self._close(day)
        self._open = []
        frames = [day.frame for day in self._days.values() if day.frame is not None]
        return pl.concat([pl.DataFrame(schema=OBSERVED), *frames])


def _fill(day: _Day, lag: int, week: int, rows: pl.DataFrame, *, late: bool) -> None:
    """Write answers of one moment where they were asked: of weeks that were late, or others."""
    code = rows["code"].cast(pl.Int64).to_numpy()
    place = np.minimum(np.searchsorted(day.codes, code), len(day.codes) - 1)
    here = (day.codes[place] == code) & (day.lags[place] == lag) & (day.late[place, week] == late)
    part, place = rows.filter(pl.Series(here)), place[here]
    day.weekly[place, week] = part["active_users_7d"].to_numpy()
    if week == 0:
        for name in USER_COLUMNS:
            day.columns[name][place] = part[name].to_numpy()


def _listed(weekly: npt.NDArray[np.int32], has_week: npt.NDArray[np.bool_]) -> pl.Series:
    """A list a row, null where there is no week."""
    flat = pl.DataFrame({"users": weekly.ravel(), "has": has_week.ravel()})
    users = flat.select(pl.when("has").then("users").cast(pl.Int64)).to_series()
    return users.reshape((len(weekly), WEEKS)).arr.to_list()


def _opened(users: Ints, ahead: npt.NDArray[np.bool_] | None) -> Ints:
    """`users`, `OPEN` for accounts of which later activity hides who was active before."""
    return users if ahead is None else np.where(ahead, OPEN, users)
