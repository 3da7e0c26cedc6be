"""Plays as they stood before a day, so that running a day again gives the same plays."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from health_pipeline.core.schemas.time import end_of


def rewind(plays: pl.DataFrame, day: date) -> pl.DataFrame:
    """`plays` as they stood at the end of the day before `day`.

    Plays opened later are not there yet; plays closed later are open again. What a person did
    (acceptance, first touch) stays: it is no result of a run. So does the play that it was done to,
    whatever the days that are run again would open in its place.

    Args:
        plays: `RESULT_TABLES["plays"]`.
        day: the first day that is run again.
    """
    before = end_of(day - timedelta(days=1))
    reopened = pl.col("closed_at") > before
    status = (
        pl.when(pl.col("accepted_at").is_not_null())
        .then(pl.lit("accepted"))
        .otherwise(pl.lit("proposed"))
    )
    touched = pl.any_horizontal(pl.col("accepted_at", "first_touch_at").is_not_null())
    return plays.filter((pl.col("opened_at") <= before) | touched).with_columns(
        pl.when(reopened).then(status).otherwise(pl.col("status")).alias("status"),
        pl.when(reopened).then(None).otherwise(pl.col("closed_at")).alias("closed_at"),
        pl.when(reopened).then(None).otherwise(pl.col("outcome")).alias("outcome"),
    )
