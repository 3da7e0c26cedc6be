"""Of which plan each account is on a day, as far as populations say."""

from bisect import bisect_right
from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.store.lake import Lake
from health_pipeline.core.activity.delivery_source import MOST_LAG

COLUMNS = ("account_id", "date", "plan")


class DayPlans:
    """`delivery.Plans` of `accounts`: before the first known population, as on its day.

    Args:
        lake: where the populations of earlier days are.
        accounts: ids, distinct.
        people: `populations` of the days of the range.
        first: the first of these days.
        since: the first day whose deliveries are asked for; judging begins `MOST_LAG` days before.
    """

    def __init__(
        self, lake: Lake, accounts: pl.Series, people: pl.DataFrame, first: date, since: date
    ) -> None:
        self._accounts = accounts.to_frame("account_id")
        back = since - timedelta(days=MOST_LAG)
        files = lake.files("population", back, first - timedelta(days=1))
        before = [pl.scan_parquet(files).select(COLUMNS).collect()] if files else []
        self._of: dict[date, pl.DataFrame] = {
            day: part
            for frame in (*before, people.select(COLUMNS))
            for (day,), part in frame.partition_by("date", as_dict=True, include_key=False).items()
        }
        self._days = sorted(self._of)
        self._shown: pl.DataFrame | None = None
        self._plans = pl.Series("plan", [None] * len(accounts), dtype=pl.String)

    def __call__(self, day: date) -> pl.Series:
        """The plans of the day; the same object as before while they do not change."""
        if not self._days:
            return self._plans
        known = self._days[max(0, bisect_right(self._days, day) - 1)]
        part = self._of[known]
        if self._shown is None or not (part is self._shown or part.equals(self._shown)):
            ids = part.unique("account_id")
            self._plans = self._accounts.join(
                ids, on="account_id", how="left", maintain_order="left"
            )["plan"]
        self._shown = part
        return self._plans
