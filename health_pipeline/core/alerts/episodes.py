"""Episodes of risk: from entering risk until it has been left for longer than `reopen_days`."""

from __future__ import annotations

from datetime import date

import polars as pl

from health_pipeline.core.schemas.ids import stable_id


def with_episodes(rows: pl.DataFrame, reopen_days: int) -> pl.DataFrame:
    """`rows` of one day with `episode_id` and `healthy_since` (the day on which risk was left).

    A driver that enters risk again within `reopen_days` of leaving it joins the same episode; an
    episode left for longer is over, and both columns are null.
    """
    at_risk, was_at_risk = pl.col("level") == 0, (pl.col("held") == 0).fill_null(False)
    away = (pl.col("date") - pl.col("was_healthy_since")).dt.total_days()
    over = (away > reopen_days).fill_null(False)
    ends = rows.select(over.any()).item()
    lasting = pl.when(~over).then(pl.col("was_episode_id")) if ends else pl.col("was_episode_id")
    rows = rows.with_columns(
        episode_id=lasting,
        healthy_since=pl.when(at_risk)
        .then(None)
        .when(was_at_risk & ~at_risk)
        .then(pl.col("date"))
        .when(~over)
        .then(pl.col("was_healthy_since")),
    )
    is_new = rows.select((at_risk & pl.col("episode_id").is_null()).fill_null(False)).to_series()
    places = is_new.arg_true()
    if places.is_empty():
        return rows
    opened = rows[places].select("account_id", "signal", "date")
    ids = pl.Series([stable_id("driver", *row) for row in opened.iter_rows()], dtype=pl.String)
    return rows.with_columns(rows["episode_id"].scatter(places, ids))


def is_reopening(account_id: str, signal: str, entered: date, episode_id: str | None) -> bool:
    """True when the episode into which a driver went on `entered` had begun before that day."""
    return episode_id is not None and episode_id != stable_id("driver", account_id, signal, entered)
