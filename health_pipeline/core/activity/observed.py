"""Windows and weeks that end on the last day that was delivered, as known by day D."""

from __future__ import annotations

from datetime import date, timedelta
from typing import cast

import polars as pl

from health_pipeline.core.activity.usage_daily import with_given
from health_pipeline.core.activity.windows import windows
from health_pipeline.core.schemas.day import WINDOW_COLUMNS

WEEKS = 14

WINDOWS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "observed_on": pl.Date(),
    **WINDOW_COLUMNS,
}
WEEKLY: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "week": pl.Int64(),
    "active_users": pl.Int64(),
}


def weekly(windows_frame: pl.DataFrame, observed: pl.DataFrame) -> pl.DataFrame:
    """Distinct users of the last 14 weeks, week 0 being the seven days that end on observed_on.

    Every week counts what was known at its own end (and `lag` days later), so that a late
    source does not make the latest week look poor beside the earlier ones.

    Args:
        windows_frame: `windows` from 91 days before the earliest observed_on.
        observed: account_id, date (the day D), observed_on.

    Returns:
        `WEEKLY` rows; weeks before the first known activity, or without any known user, are
        absent.
    """
    weeks = pl.DataFrame({"week": range(WEEKS)}, schema={"week": pl.Int64})
    end = pl.col("observed_on") - pl.duration(weeks="week")
    ends = observed.join(weeks, how="cross").with_columns(end.alias("end"))
    users = windows_frame.select(
        "account_id", pl.col("date").alias("end"), pl.col("active_users_7d").alias("active_users")
    )
    return (
        ends.join(users, on=["account_id", "end"])
        .select(*WEEKLY)
        .drop_nulls("active_users")
        .sort("date", "account_id", "week")
    )


def as_observed(
    activity: pl.DataFrame,
    observed: pl.DataFrame,
    seen: pl.DataFrame | None = None,
    given: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What each day D knows of each account's usage up to its last delivered day.

    A source that is a day late is seen as of the day before, with all that has arrived since.

    Args:
        activity: `ACTIVITY` rows of at least 98 + 90 days before the first D.
        observed: account_id, date (the day D), observed_on (≤ D): `last_delivered` of each day.
        seen: `first_active` of all history, where `activity` does not hold all of it.
        given: distinct counts of `usage_daily`.

    Returns:
        `WINDOWS` and `WEEKLY` rows; accounts of which no activity is known yet are in neither.
    """
    views, weeks = [pl.DataFrame(schema=WINDOWS)], [pl.DataFrame(schema=WEEKLY)]
    lags = observed.drop_nulls("observed_on").with_columns(
        (pl.col("date") - pl.col("observed_on")).dt.total_days().alias("lag")
    )
    for days in lags.partition_by("lag"):
        lag, of = int(days["lag"][0]), days.select("account_id").unique()
        frame = windows(
            activity.join(of, on="account_id", how="semi"),
            cast("date", days["observed_on"].min()) - timedelta(weeks=WEEKS - 1),
            cast("date", days["observed_on"].max()),
            None if seen is None else seen.join(of, on="account_id", how="semi"),
            lag,
        )
        if given is not None:
            frame = with_given(frame, given.join(of, on="account_id", how="semi"), lag)
        ending = frame.rename({"date": "observed_on"})
        found = days.join(ending, on=["account_id", "observed_on"])
        views.append(found.select(*WINDOWS))
        weeks.append(weekly(frame, days))
    return pl.concat(views).sort("date", "account_id"), pl.concat(weeks).sort(
        "date", "account_id", "week"
    )
