"""What is left, on the latest day, of the changes of days that nobody was told of (R92).

A night without a run, or a run that broke off before it told anything: the next one scores these
days too, and what changed on them is news as long as it stands.
"""

from __future__ import annotations

from datetime import date

import polars as pl

KEY = ("account_id", "signal")


def caught_up(transitions: pl.DataFrame, day: date) -> pl.DataFrame:
    """`transitions` (`RESULT_TABLES["driver_transitions"]`) of several days as changes of `day`.

    Args:
        transitions: those of the days that nobody was told of, and of `day`, the last of them.
        day: the latest day.

    Returns:
        One row an account and signal: its last change, dated `day`, from the state and value
        before the first one of which a state before is known; none where the driver is back at
        that state. It is silent if all of its changes were.
    """
    if (transitions["date"] == day).all():
        return transitions
    known = pl.col("from_state").is_not_null()
    first = (
        pl.col(name).filter(known).first().over(KEY) for name in ("from_state", "value_before")
    )
    return (
        transitions.sort("date", maintain_order=True)
        .with_columns(*first, pl.col("silent").all().over(KEY))
        .unique(KEY, keep="last", maintain_order=True)
        .filter(pl.col("from_state").ne_missing(pl.col("to_state")))
        .with_columns(date=pl.lit(day))
    )
