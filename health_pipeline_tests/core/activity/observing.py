"""`OBSERVED` rows straight from activity, as `orchestration/usage.py` puts the parts together."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from health_pipeline.core.activity.direct import counted_directly
from health_pipeline.core.activity.first_active import first_active
from health_pipeline.core.activity.given import GIVEN, with_given
from health_pipeline.core.activity.observed import Lags, Observation
from health_pipeline.core.activity.tally import LOOK_BACK, Tally
from health_pipeline.core.activity.weeks import NOBODY, WeekUsers
from health_pipeline.core.schemas.day import WEEKS

WEEKS_BACK = timedelta(weeks=WEEKS - 1)


def observe(
    activity: pl.DataFrame,
    observed: pl.DataFrame,
    seen: pl.DataFrame | None = None,
    given: pl.DataFrame | None = None,
    stored: pl.DataFrame | None = None,
    earlier: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows of the asked accounts and days.

    `stored`: rows of the days before, not walked again. `earlier`: up to which day usage was known
    (account_id, date, observed_on) on other days than the asked ones.
    """
    history = first_active(activity) if seen is None else seen
    told = pl.DataFrame(schema=GIVEN) if given is None else given
    accounts = pl.concat([history["account_id"], told["account_id"]]).unique().sort()
    days: list[date] = observed["date"].unique().sort().to_list()
    start = days[0] if stored is not None else days[0] - WEEKS_BACK
    before = start - timedelta(days=LOOK_BACK + 1)
    weeks = WeekUsers(accounts)
    known = {} if earlier is None else lags_of(earlier, accounts)
    for day, lags in known.items():
        weeks.known_up_to(day, lags)
    if stored is not None:  # a day of which nobody had a row was published too
        published = stored["date"] if earlier is None else earlier["date"]
        for day in published.filter(published < days[0]).unique():
            weeks.remember(day, stored.filter(pl.col("date") == day))
    observation = Observation(lags_of(observed, accounts), accounts, history, weeks)
    walked = activity.filter(pl.col("known_on").is_between(before, days[-1], closed="right"))
    for tally in Tally(accounts, before).run(walked, days[-1]):
        if tally.day >= start:
            observation.look(tally)
    observation.answer(counted_directly(activity, observation.open_questions()))
    return with_given(observation.rows(), observed, told, WEEKS)


def lags_of(observed: pl.DataFrame, accounts: pl.Series) -> Lags:
    """What `observed` (account_id, date, observed_on) asks for, as `Observation` takes it."""
    ids = accounts.to_frame("account_id")
    lag = (pl.col("date") - pl.col("observed_on")).dt.total_days().cast(pl.Int32)
    return {
        day: ids.join(part, on="account_id", how="left", maintain_order="left")
        .select(lag.fill_null(NOBODY))
        .to_series()
        .to_numpy()
        for (day,), part in observed.partition_by("date", as_dict=True).items()
    }


def weeks_of(rows: pl.DataFrame) -> list[list[tuple[int, int]]]:
    """For each row the weeks of which users are known, with their number."""
    return [
        [(week, users) for week, users in enumerate(weeks) if users is not None]
        for weeks in rows["weekly_users"].to_list()
    ]
