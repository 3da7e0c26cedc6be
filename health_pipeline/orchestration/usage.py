"""Windows and weeks of usage: read what the days need of the lake, walk over it, keep the state."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.activity.delivery import (
    SILENT_BACK,
    Plans,
    Shown,
    delivered,
    last_delivered,
)
from health_pipeline.core.activity.first_active import FIRST_ACTIVE
from health_pipeline.core.activity.observed import (
    MOST_LAG,
    OBSERVED,
    Observation,
    counted_directly,
    moments,
)
from health_pipeline.core.activity.tally import LOOK_BACK, USER_WINDOWS, Tally
from health_pipeline.core.activity.usage_daily import GIVEN, with_given
from health_pipeline.core.schemas.day import WEEKS
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS
from health_pipeline.orchestration.activity import (
    AGGREGATE_ACTIVITY,
    EVENT_ACTIVITY,
    known_activity,
)
from health_pipeline.orchestration.house import Stores

USAGE_WINDOWS = "usage_windows"
STATE_USERS, STATE_ACCOUNTS = "usage_users", "usage_accounts"
"""Internal: the state of all windows at the end of the last day that was computed."""

WEEKS_BACK = 7 * (WEEKS - 1)
BATCH_DAYS = 20
"""Days of activity held at once."""

MONTH = 30


class Usage:
    """`OBSERVED` rows of one range of days after the other.

    A range that follows the stored state, or the range before it, reads its own days and the
    account volumes of a month; any other begins with the 128 days before it.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores, self._lake = stores, stores.lake
        self._tally: Tally | None = None

    def rows(self, people: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
        """Usage of every account that any source has shown, on each of `days`.

        Args:
            people: `populations` of the days.
            days: ascending.
        """
        seen = self._frame("first_active", FIRST_ACTIVE)
        first_given = days[0] - timedelta(days=WEEKS_BACK + MOST_LAG)
        given = self._frame("usage_given", GIVEN, first_given, days[-1])
        accounts = pl.concat([seen["account_id"], given["account_id"]]).unique().sort()
        observed = self._observed(people, days, seen, accounts)
        stored = self._stored(observed, days[0], seen)
        start = days[0] if stored is not None else days[0] - timedelta(days=WEEKS_BACK)
        observation = Observation(observed, accounts, seen, stored)
        for tally in self._walk(accounts, start, days[-1], _longest_lag(observed)):
            observation.look(tally)
        # Moment by moment: if a whole source was silent, these may be all accounts.
        for questions in observation.open_questions().partition_by("at", "ends_on"):
            observation.answer(counted_directly(self._activity_of(questions), questions))
        found = pl.concat([pl.DataFrame(schema=OBSERVED), *observation.rows()])
        return with_given(found.sort("date", "account_id"), observed, given, WEEKS)

    def state(self) -> list[Write]:
        """What the next day goes on from; nothing where a later state is stored already."""
        tally, through = self._tally, self._through()
        if tally is None or (through is not None and tally.day < through):
            return []
        users, known = tally.stored()
        return [Write(STATE_USERS, None, users), Write(STATE_ACCOUNTS, None, known)]

    def _through(self) -> date | None:
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

    def _observed(
        self, people: pl.DataFrame, days: Sequence[date], seen: pl.DataFrame, accounts: pl.Series
    ) -> pl.DataFrame:
        """account_id, date, observed_on of all accounts whose usage is known up to some day."""
        first = days[0] - timedelta(days=SILENT_BACK)
        shown = Shown.of(
            self._frame("source_days", SOURCE_DAYS, first, days[-1]), accounts, first, days[-1]
        )
        plans, rules = self._plans(people, accounts, days), self._stores.model.activity
        reach = days[0] - timedelta(days=MOST_LAG)
        judged = delivered(shown, plans, reach, days[-1], rules)
        known = accounts.to_frame("account_id").join(
            seen.group_by("account_id").agg(pl.col("known_on").min()),
            on="account_id",
            how="left",
            maintain_order="left",
        )["known_on"]
        parts = []
        for day in days:
            used = (known <= day).fill_null(value=False).to_numpy()
            ends = last_delivered(shown, judged, plans, day, used).alias("observed_on")
            parts.append(
                pl.DataFrame([accounts.alias("account_id"), ends])
                .filter(pl.col("observed_on") >= day - timedelta(days=MOST_LAG))
                .select("account_id", pl.lit(day).alias("date"), "observed_on")
            )
        return pl.concat(parts)

    def _plans(self, people: pl.DataFrame, accounts: pl.Series, days: Sequence[date]) -> Plans:
        """Each account's plan on a day; before the first known population, as on its day."""
        columns = ["account_id", "date", "plan"]
        first = days[0] - timedelta(days=MOST_LAG)
        files = self._lake.files("population", first, days[0] - timedelta(days=1))
        before = [pl.scan_parquet(files).select(columns).collect()] if files else []
        by_day = {
            day: part
            for frame in (*before, people.select(columns))
            for (day,), part in frame.partition_by("date", as_dict=True).items()
        }
        known = sorted(by_day)
        nobody = pl.Series("plan", [None] * len(accounts), dtype=pl.String)

        @cache
        def on(day: date) -> pl.Series:
            ids = accounts.to_frame("account_id")
            part = by_day[day].unique("account_id")
            return ids.join(part, on="account_id", how="left", maintain_order="left")["plan"]

        def plans(day: date) -> pl.Series:
            return on(known[max(0, bisect_right(known, day) - 1)]) if known else nobody

        return plans

    def _stored(
        self, observed: pl.DataFrame, first: date, seen: pl.DataFrame
    ) -> pl.DataFrame | None:
        """The earlier days that the weekly series needs; None where one of them is not stored."""
        earliest = seen["known_on"].min()
        if not isinstance(earliest, date):
            return pl.DataFrame(schema=OBSERVED)
        needed = sorted({day for day, _ in moments(observed) if earliest <= day < first})
        if not set(needed) <= set(self._lake.days(USAGE_WINDOWS)):
            return None
        files = [file for day in needed for file in self._lake.files(USAGE_WINDOWS, day, day)]
        if not files:
            return pl.DataFrame(schema=OBSERVED)
        columns = ["account_id", "date", "observed_on", "active_users_7d"]
        return pl.scan_parquet(files).select(columns).collect()

    def _walk(
        self, accounts: pl.Series, start: date, last: date, longest_lag: int
    ) -> Iterator[Tally]:
        """The tally at the end of each day from `start` to `last`."""
        before = start - timedelta(days=1)
        tally = self._tally
        if tally is None or tally.day != before or not tally.accounts.equals(accounts):
            tally = self._resumed(accounts, before, longest_lag)
        self._tally = tally
        day = tally.day
        while day < last:
            part = min(day + timedelta(days=BATCH_DAYS), last)
            rows = known_activity(self._lake, day + timedelta(days=1), part)
            for at in tally.run(rows, part):
                if at.day >= start:
                    yield at
            day = part

    def _resumed(self, accounts: pl.Series, before: date, longest_lag: int) -> Tally:
        """From the stored state of `before`, or empty, so early that nothing earlier counts."""
        known, users = self._lake.frame(STATE_ACCOUNTS), self._lake.frame(STATE_USERS)
        if known is None or users is None or self._through() != before:
            return Tally(accounts, before - timedelta(days=LOOK_BACK))
        tally = Tally(accounts, before)
        tally.restore(users, known)
        back = before - timedelta(days=MONTH + longest_lag)
        tally.fill(known_activity(self._lake, back, before))
        return tally

    def _activity_of(self, questions: pl.DataFrame) -> pl.DataFrame:
        """Activity of the accounts that are asked for, as far back as their windows reach."""
        ids = questions["account_id"].unique()
        first = questions["ends_on"].min()
        last = questions["at"].max()
        if not isinstance(first, date) or not isinstance(last, date):
            raise TypeError("questions without a day")
        back = first - timedelta(days=max(USER_WINDOWS))
        files = [
            file
            for name in (EVENT_ACTIVITY, AGGREGATE_ACTIVITY)
            for file in self._lake.files(name, back, last)
        ]
        rows = pl.scan_parquet(files).filter(pl.col("account_id").is_in(ids.implode()))
        return rows.select(*ACTIVITY).collect()


def _longest_lag(observed: pl.DataFrame) -> int:
    lags = (observed["date"] - observed["observed_on"]).dt.total_days()
    return int(np.max(lags.to_numpy(), initial=0))


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
