"""Transitions: the rows of a day on which a driver's state is not yesterday's."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.time import end_of


def transitions_of(rows: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """The changes of one day, in the columns of `RESULT_TABLES["driver_transitions"]`.

    Silent are: a first known state, a loss of measurement, and the return to the held state.
    """
    changed = rows.filter(pl.col("state") != pl.col("from_state"))
    keys = changed.select("account_id", "signal", "date", "state", "episode_id").iter_rows()
    ids = [stable_id("transition", *key[:4], key[4] or "") for key in keys]
    at = [end_of(day) for day in changed["date"]]
    told = pl.col("subscore").is_not_null() & (pl.col("level") != pl.col("held"))
    return changed.select(
        pl.Series("transition_id", ids, dtype=pl.String),
        "account_id",
        "signal",
        "date",
        "from_state",
        "reason_code",
        "episode_id",
        pl.Series("at", at, dtype=TIMESTAMP),
        to_state="state",
        value_before="was_value",
        value_after=pl.when(pl.col("subscore").is_not_null()).then(pl.col("value")),
        silent=~told.fill_null(False),
        model_version=pl.lit(model_version),
    )
