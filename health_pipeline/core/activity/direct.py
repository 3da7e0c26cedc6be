"""Distinct users counted straight from the rows, for the few questions that no state answers."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from health_pipeline.core.activity.tally import USER_WINDOWS
from health_pipeline.core.schemas.day import WINDOW_COLUMNS

QUESTIONS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "at": pl.Date(),
    "ends_on": pl.Date(),
}
"""Distinct users of `account_id` in the windows that end on `ends_on`, as known at the end of
`at`."""

USER_COLUMNS = tuple(name for name in WINDOW_COLUMNS if "users" in name)


def counted_directly(activity: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    """The users that `questions` ask for.

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
