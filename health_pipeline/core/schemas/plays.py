"""Which plays are running on a day, as far as it was known then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.time import end_of

RUNNING = ("proposed", "accepted", "done")
"""A play runs until its episode ends: a `done` one waits for the account to recover."""

NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def running_plays(plays: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """The plays that ran at the end of each day.

    Args:
        plays: `RESULT_TABLES["plays"]`, of any time.
        days: the days asked for.

    Returns:
        The rows of `plays` with `date` and with `status` as of that day: before its acceptance a
        play is `proposed`, and one that closed later was still `accepted` or `proposed`. At most
        one row an account and day: the play that was opened first.
    """
    ends = pl.DataFrame(
        {"date": list(days), "_end": [end_of(day) for day in days]},
        schema={"date": pl.Date(), "_end": TIMESTAMP},
    )
    accepted = pl.col("accepted_at") <= pl.col("_end")
    status = (
        pl.when(pl.col("accepted_at").is_not_null() & ~accepted)
        .then(pl.lit("proposed"))
        .when(pl.col("status") != "closed")
        .then(pl.col("status"))
        .when(accepted)
        .then(pl.lit("accepted"))
        .otherwise(pl.lit("proposed"))
    )
    return (
        plays.with_columns(_until=pl.col("closed_at").fill_null(NEVER))
        .join_where(ends, pl.col("opened_at") <= pl.col("_end"), pl.col("_until") > pl.col("_end"))
        .with_columns(status.alias("status"))
        .sort("account_id", "date", "opened_at", "play_id")
        .unique(["account_id", "date"], keep="first", maintain_order=True)
        .drop("_end", "_until")
    )
