"""What people did with plays: taken on, finished, closed; laid over what the rules opened (R91)."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.results import RESULT_TABLES

ACCEPT, DONE, CLOSE = "accept", "done", "close"

ACTIONS: dict[str, pl.DataType] = {
    "play_id": pl.String(),
    "action": pl.String(),
    "at": TIMESTAMP,
    "by": pl.String(),
    "outcome": pl.String(),
}
"""One row for each thing that a person did: which play, what, when, who, with what outcome."""

EARLY = timedelta(days=1)
"""An intervention that was opened so long before the play of its name still answers it."""


def with_people(plays: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """`plays` with what people did; the rules' own endings stay.

    A play is `accepted` from its first acceptance on, `done` when its steps are, `closed` when a
    person says so. Of several rows of one kind the first counts: doing a thing twice changes
    nothing. What was done to a play after it was closed is ignored.

    Args:
        plays: `RESULT_TABLES["plays"]`.
        actions: `ACTIONS`.

    Returns:
        `RESULT_TABLES["plays"]`.
    """
    in_time = pl.col("closed_at").is_null() | (pl.col("at") <= pl.col("closed_at"))
    told = (
        actions.join(plays.select("play_id", "closed_at"), on="play_id")
        .filter(in_time)
        .sort("at", "by")
        .unique(["play_id", "action"], keep="first", maintain_order=True)
    )
    found = plays
    for action in (ACCEPT, DONE, CLOSE):
        one = told.filter(pl.col("action") == action).select(
            "play_id",
            pl.col("at").alias(f"{action}_at"),
            pl.col("by").alias(f"{action}_by"),
            pl.col("outcome").alias(f"{action}_outcome"),
        )
        found = found.join(one, on="play_id", how="left", maintain_order="left")
    over = (pl.col("status") == "closed").fill_null(value=False)
    first = pl.min_horizontal("accept_at", "done_at", "close_at")
    taken_on = pl.coalesce("accept_at", "done_at")  # who finishes a play has taken it on
    by = pl.coalesce("accept_by", "done_by")
    return RESULT_TABLES["plays"].conform(
        found.with_columns(
            pl.coalesce("accepted_at", taken_on).alias("accepted_at"),
            pl.coalesce("accepted_by", by).alias("accepted_by"),
            pl.coalesce("first_touch_at", first).alias("first_touch_at"),
            pl.when(~over & pl.col("close_at").is_not_null())
            .then("close_at")
            .otherwise("closed_at")
            .alias("closed_at"),
            pl.when(over)
            .then("outcome")
            .otherwise(pl.coalesce("close_outcome", "done_outcome", "outcome"))
            .alias("outcome"),
            pl.when(over | pl.col("close_at").is_not_null())
            .then(pl.lit("closed"))
            .when(pl.col("done_at").is_not_null())
            .then(pl.lit("done"))
            .when(taken_on.is_not_null())
            .then(pl.lit("accepted"))
            .otherwise("status")
            .alias("status"),
        )
    )


def without(plays: pl.DataFrame, withdrawn: pl.DataFrame) -> pl.DataFrame:
    """`plays` as if `withdrawn` (`ACTIONS`) had never been done.

    What others did is laid over again by `with_people`. A closed play stays closed.
    """
    if withdrawn.is_empty():
        return plays
    gone = withdrawn.group_by("play_id").agg(
        pl.col("at").alias("gone_at"), (pl.col("action") == DONE).any().alias("was_done")
    )
    found = plays.join(gone, on="play_id", how="left", maintain_order="left")
    stays = {
        name: pl.col("gone_at").list.contains(pl.col(name)).fill_null(value=False).not_()
        for name in ("accepted_at", "first_touch_at")
    }
    open_again = pl.col("was_done").fill_null(value=False) & (pl.col("status") == "done")
    accepted = stays["accepted_at"] & pl.col("accepted_at").is_not_null()
    return RESULT_TABLES["plays"].conform(
        found.with_columns(
            *(pl.when(kept).then(pl.col(name)).alias(name) for name, kept in stays.items()),
            pl.when(stays["accepted_at"]).then("accepted_by").alias("accepted_by"),
            pl.when(open_again).then(None).otherwise("outcome").alias("outcome"),
            pl.when(open_again | (pl.col("status") == "accepted"))
            .then(pl.when(accepted).then(pl.lit("accepted")).otherwise(pl.lit("proposed")))
            .otherwise("status")
            .alias("status"),
        )
    )


def actions_of(
    plays: pl.DataFrame,
    interventions: pl.DataFrame | None,
    now: datetime,
    *,
    deleted: bool = False,
) -> pl.DataFrame:
    """What the CRM's interventions say of plays: their start accepts, their end finishes.

    An intervention answers the play whose play_id it carries, else the play of its name that its
    account had open when it was opened (or a day before that).

    Args:
        plays: `RESULT_TABLES["plays"]`.
        interventions: landed, all versions, with `account_id`; None: not connected.
        now: what the CRM has deleted by then says nothing.
        deleted: ask what those said that it has deleted.
    """
    wanted = ("started_at", "completed_at", "owner_email", "outcome", "assignment", "deleted_at")
    if interventions is None or interventions.is_empty():
        return pl.DataFrame(schema=ACTIONS)
    missing = [
        pl.lit(None, dtype=TIMESTAMP if name.endswith("_at") else pl.String).alias(name)
        for name in wanted
        if name not in interventions.columns
    ]
    is_gone = (pl.col("deleted_at") <= now).fill_null(value=False)
    latest = (
        interventions.with_columns(missing)
        .sort("known_at", "intervention_id")
        .unique(["source", "intervention_id"], keep="last", maintain_order=True)
        .filter(pl.col("assignment").ne_missing("held_out"), is_gone == pl.lit(deleted))
    )
    answered = pl.concat([_by_id(plays, latest), _by_name(plays, latest)]).unique(
        ["source", "intervention_id"], keep="first", maintain_order=True
    )
    by = pl.coalesce("owner_email", "source").alias("by")
    parts = [
        answered.filter(pl.col(column).is_not_null()).select(
            "play_id",
            pl.lit(action).alias("action"),
            pl.col(column).alias("at"),
            by,
            outcome.alias("outcome"),
        )
        for action, column, outcome in (
            (ACCEPT, "started_at", pl.lit(None, dtype=pl.String)),
            (DONE, "completed_at", pl.col("outcome")),
        )
    ]
    return pl.concat(parts).select(pl.col(name).cast(dtype) for name, dtype in ACTIONS.items())


_ANSWERED = (
    *("source", "intervention_id", "play_id"),
    *("started_at", "completed_at", "owner_email", "outcome"),
)


def _by_id(plays: pl.DataFrame, interventions: pl.DataFrame) -> pl.DataFrame:
    return interventions.join(
        plays.select("account_id", "play_id"),
        left_on=["account_id", "intervention_id"],
        right_on=["account_id", "play_id"],
        how="semi",
    ).select(pl.col("intervention_id").alias("play_id") if n == "play_id" else n for n in _ANSWERED)


def _by_name(plays: pl.DataFrame, interventions: pl.DataFrame) -> pl.DataFrame:
    """The latest play of the name that was open by then."""
    made = plays.select(
        "account_id",
        "play",
        "play_id",
        "closed_at",
        pl.col("opened_at").alias("play_opened_at"),
        (pl.col("opened_at") - EARLY).alias("since"),
    )
    return (
        interventions.join(made, on=["account_id", "play"])
        .filter(pl.col("opened_at") >= pl.col("since"))
        .filter(pl.col("closed_at").is_null() | (pl.col("opened_at") <= pl.col("closed_at")))
        .sort("play_opened_at", "play_id")
        .unique(["source", "intervention_id"], keep="last", maintain_order=True)
        .select(_ANSWERED)
    )
