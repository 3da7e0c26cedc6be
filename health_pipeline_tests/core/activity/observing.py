"""`OBSERVED` rows straight from activity, as `orchestration/usage.py` puts the parts together."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from health_pipeline.core.activity.first_active import first_active
from health_pipeline.core.activity.observed import (
    OBSERVED,
    Observation,
    counted_directly,
)
from health_pipeline.core.activity.tally import LOOK_BACK, Tally
from health_pipeline.core.activity.usage_daily import GIVEN, with_given
from health_pipeline.core.schemas.day import WEEKS

WEEKS_BACK = timedelta(weeks=WEEKS - 1)


def observe(
    activity: pl.DataFrame,
    observed: pl.DataFrame,
    seen: pl.DataFrame | None = None,
    given: pl.DataFrame | None = None,
    stored: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows of the asked accounts and days; `stored`: rows of the days before, not walked again."""
    history = first_active(activity) if seen is None else seen
    told = pl.DataFrame(schema=GIVEN) if given is None else given
    accounts = pl.concat([history["account_id"], told["account_id"]]).unique().sort()
    days: list[date] = observed["date"].unique().sort().to_list()
    start = days[0] if stored is not None else days[0] - WEEKS_BACK
    before = start - timedelta(days=LOOK_BACK + 1)
    observation = Observation(observed, accounts, history, stored)
    walked = activity.filter(pl.col("known_on").is_between(before, days[-1], closed="right"))
    for tally in Tally(accounts, before).run(walked, days[-1]):
        if tally.day >= start:
            observation.look(tally)
    observation.answer(counted_directly(activity, observation.open_questions()))
    rows = pl.concat([pl.DataFrame(schema=OBSERVED), *observation.rows()])
    return with_given(rows.sort("date", "account_id"), observed, told, WEEKS)


def weeks_of(rows: pl.DataFrame) -> list[list[tuple[int, int]]]:
    """For each row the weeks of which users are known, with their number."""
    return [
        [(week, users) for week, users in enumerate(weeks) if users is not None]
        for weeks in rows["weekly_users"].to_list()
    ]
