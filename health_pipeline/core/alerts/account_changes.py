"""Changes of an account as a whole: a fall to Red and its end, a cancellation notice (R90)."""

from __future__ import annotations

from datetime import date

import polars as pl

from health_pipeline.core.alerts.gates import NOTICE, TIER
from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of

_TABLE = RESULT_TABLES["driver_transitions"]


def account_changes(
    scores: pl.DataFrame, before: pl.DataFrame, notices: pl.DataFrame, noticed: pl.DataFrame
) -> pl.DataFrame:
    """The account changes of one day, in the columns of `RESULT_TABLES["driver_transitions"]`.

    Args:
        scores: `RESULT_TABLES["health_scores"]` of the day.
        before: the same of the last day that people were told of, mostly the day before.
        notices: `account_id`, `cancellation_notice_on` of the population of the day.
        noticed: the same of that earlier day.

    Returns:
        Signal `tier`, from one tier to another where either is red; values are scores, the reason
        code is the gate, and the episode begins with the fall. Signal `cancellation_notice`, to
        risk on the day on which a notice becomes known. An account that was not there then is
        silent: nothing is known to have changed.
    """
    if scores.is_empty():
        return _TABLE.empty()
    rows = pl.concat([_tiers(scores, before), _notices(notices, noticed)])
    return _as_transitions(
        rows.sort("account_id", "signal"), scores["date"][0], scores["model_version"][0]
    )


def _tiers(scores: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Who left or reached Red since then."""
    tiers = scores.select("account_id", "score", "gate", to_state="tier").join(
        before.select("account_id", was="score", from_state="tier"), on="account_id"
    )
    either = (pl.col("to_state") == "red") | (pl.col("from_state") == "red")
    known = ~pl.any_horizontal(pl.col("to_state", "from_state") == "unscored")
    return tiers.filter(either & known & (pl.col("to_state") != pl.col("from_state"))).select(
        "account_id",
        "from_state",
        "to_state",
        signal=pl.lit(TIER),
        value_before="was",
        value_after="score",
        reason_code="gate",
    )


def _notices(notices: pl.DataFrame, noticed: pl.DataFrame) -> pl.DataFrame:
    """Whose notice became known since then."""
    return (
        notices.filter(pl.col("cancellation_notice_on").is_not_null())
        .join(noticed.filter(pl.col("cancellation_notice_on").is_null()), on="account_id")
        .select(
            "account_id",
            from_state=pl.lit("healthy"),
            to_state=pl.lit("risk"),
            signal=pl.lit(NOTICE),
            value_before=pl.lit(None, pl.Float64),
            value_after=pl.lit(None, pl.Float64),
            reason_code=pl.lit(NOTICE),
        )
    )


def _as_transitions(rows: pl.DataFrame, day: date, version: str) -> pl.DataFrame:
    """`rows` with the ids and times of transitions; a fall begins an episode."""
    keys = rows.select("account_id", "signal", "to_state").rows()
    falls = [
        stable_id("driver", account, signal, day) if state in ("red", "risk") else None
        for account, signal, state in keys
    ]
    return _TABLE.conform(
        rows.with_columns(
            pl.Series(
                "transition_id", [stable_id("account", *key, day) for key in keys], pl.String
            ),
            pl.Series("episode_id", falls, pl.String),
            pl.Series("at", [end_of(day)] * rows.height, TIMESTAMP),
            date=pl.lit(day),
            silent=pl.lit(value=False),
            model_version=pl.lit(version),
        )
    )
