"""Windows and weeks of usage: read what the days need of the lake, walk over it, keep the state."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.core.activity.delivery import SILENT_BACK, Deliveries
from health_pipeline.core.activity.delivery_source import MOST_LAG
from health_pipeline.core.activity.direct import counted_directly
from health_pipeline.core.activity.first_active import FIRST_ACTIVE
from health_pipeline.core.activity.given import GIVEN, with_given
from health_pipeline.core.activity.observed import OBSERVED, Lags, Observation
from health_pipeline.core.activity.tally import LOOK_BACK, USER_WINDOWS, Tally
from health_pipeline.core.activity.weeks import NOBODY, WeekUsers
from health_pipeline.core.schemas.day import WEEKS
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS
from health_pipeline.core.schemas.time import day_number
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.landed import AGGREGATE_ACTIVITY, EVENT_ACTIVITY
from health_pipeline.orchestration.usage_plans import DayPlans
from health_pipeline.orchestration.window import Window

USAGE_WINDOWS = "usage_windows"
WIDTH = 2
"""One row of it takes about the room of two signals of an account and day."""

STATE_USERS, STATE_ACCOUNTS = "usage_users", "usage_accounts"
"""Internal: the state of all windows at the end of the last day that was computed."""

WEEKS_BACK = timedelta(weeks=WEEKS - 1)
BATCH_DAYS = 20
"""Days of activity held at once."""

MONTH = 30
VOLUME_COLUMNS = tuple(name for name in ACTIVITY if name != "user_id")
ONE = timedelta(days=1)


def read_activity(
    lake: Lake, first: date, last: date, columns: Sequence[str] = tuple(ACTIVITY)
) -> pl.DataFrame:
    """`columns` of the activity, of events and of aggregates, that became known in these days."""
    found = [part.select(columns) for part in activity_parts(lake, first, last)]
    if not found:
        return pl.DataFrame(schema={name: ACTIVITY[name] for name in columns})
    return pl.concat(pl.collect_all(found))


def activity_parts(lake: Lake, first: date, last: date) -> list[pl.LazyFrame]:
    """The same as queries, one for each kind of activity that there is."""
    parts = (lake.scan(name, first, last) for name in (EVENT_ACTIVITY, AGGREGATE_ACTIVITY))
    return [part for part in parts if part is not None]


class Usage:
    """`OBSERVED` rows of one range of days after the other.

    A range that follows the one before takes up where that ended, and reads its own days alone.
    One that follows the stored state reads also a month of account volumes, what sources showed
    in the 125 days before, and the weeks that were stored on their own day; any other begins with
    the 128 days before it.
    """

    def __init__(self, stores: Stores, stale: Window | None = None) -> None:
        """`stale`: days whose stored windows, and the stored state, follow from other activity."""
        self._stores, self._lake, self._stale = stores, stores.lake, stale
        self._accounts = pl.Series("account_id", [], dtype=pl.String)
        self._forget()

    def _forget(self) -> None:
        self._tally: Tally | None = None
        self._deliveries: Deliveries | None = None
        self._weeks = WeekUsers(self._accounts)
        self._last: date | None = None

    def rows(self, people: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
        """Usage of every account that any source has shown, on each of `days`.

        Args:
            people: `populations` of the days.
            days: ascending.
        """
        seen = self._frame("first_active", FIRST_ACTIVE)
        first_given = days[0] - WEEKS_BACK - timedelta(days=MOST_LAG)
        given = self._frame("usage_given", GIVEN, first_given, days[-1])
        self._begin(days[0], pl.concat([seen["account_id"], given["account_id"]]))
        start = days[0] if self._recall(days, seen) else days[0] - WEEKS_BACK
        lags = self._lags(people, days, seen, start)
        longest = max((int(lag.max(initial=0)) for lag in lags.values()), default=0)
        observation = Observation(lags, self._accounts, seen, self._weeks)
        for tally in self._walk(start, days[-1], longest):
            observation.look(tally)
        # Moment by moment: if a whole source was silent, these may be all accounts.
        for questions in observation.open_questions().partition_by("at", "ends_on"):
            observation.answer(counted_directly(self._activity_of(questions), questions))
        self._last = days[-1]
        self._weeks.forget(days[-1] - WEEKS_BACK)
        return self._with_given(observation.rows(), lags, given)

    def _begin(self, first: date, ids: pl.Series) -> None:
        """Go on where the range before ended, if that was on the day before, for the same ids."""
        follows = self._last == first - ONE
        known = [self._accounts] if follows else []  # who was counted before may stay
        accounts = pl.concat([ids, *known]).unique().sort()
        if not (follows and self._accounts.equals(accounts)):
            self._accounts = accounts
            self._forget()

    def state(self) -> list[Write]:
        """What the next day goes on from; nothing where a later state is stored already."""
        tally, through = self._tally, self._through()
        if tally is None or (through is not None and tally.day < through):
            return []
        users, known = tally.stored()
        return [Write(STATE_USERS, None, users), Write(STATE_ACCOUNTS, None, known)]

    def _through(self) -> date | None:
        if self._stale is not None:
            return None
        known = self._lake.frame(STATE_ACCOUNTS)
        return None if known is None or known.is_empty() else known["through"][0]

    def _frame(
        self,
        name: str,
        schema: dict[str, pl.DataType],
        first: date | None = None,
        last: date | None = None,
    ) -> pl.DataFrame:
        found = self._lake.frame(name, first, last)
        return pl.DataFrame(schema=schema) if found is None else found

    def _lags(
        self, people: pl.DataFrame, days: Sequence[date], seen: pl.DataFrame, start: date
    ) -> Lags:
        """For each day how many days before it each account's usage is known up to.

        The weeks are told the same of the days from `start` on, which may be earlier ones.
        """
        plans = DayPlans(self._lake, self._accounts, people, days[0], start)
        state = self._deliveries
        if state is None:
            before = start - timedelta(days=SILENT_BACK)
            judged, rules = start - timedelta(days=MOST_LAG), self._stores.model.activity
            state = Deliveries(self._accounts, plans, rules, before, judged)
        state.plans, self._deliveries = plans, state
        rows = self._frame("source_days", SOURCE_DAYS, state.day + ONE, days[-1])
        used_since = self._used_since(seen)
        lags = {}
        for at in state.run(rows, days[-1]):
            if at.day in days or start <= at.day < days[0]:
                today = day_number(at.day)
                lag = today - at.last_delivered(used_since <= today)
                lags[at.day] = np.where(lag <= MOST_LAG, lag, NOBODY).astype(np.int32)
        for day in [day for day in lags if day < days[0]]:
            self._weeks.known_up_to(day, lags.pop(day))
        return lags

    def _used_since(self, seen: pl.DataFrame) -> npt.NDArray[np.int32]:
        """Since when some source is known to have shown usage of each account, as a day number."""
        known = self._accounts.to_frame("account_id").join(
            seen.group_by("account_id").agg(pl.col("known_on").min().to_physical()),
            on="account_id",
            how="left",
            maintain_order="left",
        )["known_on"]
        return known.fill_null(np.iinfo(np.int32).max).to_numpy()

    def _recall(self, days: Sequence[date], seen: pl.DataFrame) -> bool:
        """Take up the earlier days that the weekly series needs; False: one is not stored."""
        first = days[0]
        earliest = seen["known_on"].min()
        if not isinstance(earliest, date):
            return True
        back = {day - timedelta(weeks=week) for day in days for week in range(WEEKS)}
        needed = {day for day in back if earliest <= day < first}
        missing = sorted(day for day in needed if not self._weeks.knows(day))
        if self._stale is not None and set(missing) & set(self._stale.days):
            return False
        if not set(missing) <= set(self._lake.days(USAGE_WINDOWS)):
            return False
        for day in missing:
            rows = pl.scan_parquet(self._lake.files(USAGE_WINDOWS, day, day))
            columns = ("account_id", "observed_on", "active_users_7d")
            self._weeks.remember(day, rows.select(columns).collect())
        return True

    def _walk(self, start: date, last: date, longest_lag: int) -> Iterator[Tally]:
        """The tally at the end of each day from `start` to `last`."""
        before = start - ONE
        tally = self._tally
        if tally is None or tally.day != before:
            tally = self._resumed(before, longest_lag)
        self._tally = tally
        day = tally.day
        while day < last:
            part = min(day + timedelta(days=BATCH_DAYS), last)
            for at in tally.run(read_activity(self._lake, day + ONE, part), part):
                if at.day >= start:
                    yield at
            day = part

    def _resumed(self, before: date, longest_lag: int) -> Tally:
        """From the stored state of `before`, or empty, so early that nothing earlier counts."""
        known, users = self._lake.frame(STATE_ACCOUNTS), self._lake.frame(STATE_USERS)
        if known is None or users is None or self._through() != before:
            return Tally(self._accounts, before - timedelta(days=LOOK_BACK))
        tally = Tally(self._accounts, before)
        tally.restore(users, known)
        back = before - timedelta(days=MONTH + longest_lag)
        tally.fill(read_activity(self._lake, back, before, VOLUME_COLUMNS))
        return tally

    def _with_given(self, rows: pl.DataFrame, lags: Lags, given: pl.DataFrame) -> pl.DataFrame:
        """With the distinct counts that a source gave, of its accounts."""
        if given.is_empty():
            return rows
        ids = given["account_id"].unique()
        asked = self._accounts.is_in(ids.implode()).arg_true()
        observed = [
            pl.DataFrame({"account_id": self._accounts.gather(asked), "lag": lag[asked.to_numpy()]})
            .filter(pl.col("lag") != NOBODY)
            .select(
                "account_id",
                pl.lit(day).alias("date"),
                (pl.lit(day) - pl.duration(days="lag")).alias("observed_on"),
            )
            for day, lag in lags.items()
        ]
        return with_given(rows, pl.concat(observed), given, WEEKS)

    def _activity_of(self, questions: pl.DataFrame) -> pl.DataFrame:
        """Activity of the accounts that are asked for, as far back as their windows reach."""
        ids = questions["account_id"].unique()
        first = questions["ends_on"].min()
        last = questions["at"].max()
        if not isinstance(first, date) or not isinstance(last, date):
            raise TypeError("questions without a day")
        # Of an earlier week only its own users are asked; the longer windows of the day itself.
        earlier = last - first > timedelta(days=MOST_LAG)
        back = first - timedelta(days=min(USER_WINDOWS) if earlier else max(USER_WINDOWS))
        files = [
            file
            for name in (EVENT_ACTIVITY, AGGREGATE_ACTIVITY)
            for file in self._lake.files(name, back, last)
        ]
        rows = pl.scan_parquet(files).filter(pl.col("account_id").is_in(ids.implode()))
        return rows.select(*ACTIVITY).collect()


def usage_on(stores: Stores, people: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """`OBSERVED` rows of `days` as published; worked out anew where one of them is not.

    Args:
        stores: the lake.
        people: `populations` of the days.
        days: ascending; they need not follow each other.
    """
    if not set(days) <= set(stores.lake.days(USAGE_WINDOWS)):
        return Usage(stores).rows(people, days)
    files = [file for day in days for file in stores.lake.files(USAGE_WINDOWS, day, day)]
    return pl.scan_parquet(files).select(*OBSERVED).collect()
