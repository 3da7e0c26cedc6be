"""Recovery plans: what a person has accepted, owns, and will finish by a coming day (R94, R104)."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.plays.opening import UNOWNED

PLANS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "plan_id": pl.String(),
    "counts": pl.Boolean(),
    "why_not": pl.String(),
}
KEY = ["account_id", "date"]

_STANDING: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "plan_id": pl.String(),
    "is_held_out": pl.Boolean(),
    "is_open": pl.Boolean(),
    "is_accepted": pl.Boolean(),
    "owner": pl.String(),
    "due": pl.Date(),
}


def recovery_plans(plays: pl.DataFrame, interventions: pl.DataFrame | None) -> pl.DataFrame:
    """Every play and intervention of each day, and whether it is a recovery plan.

    A recovery plan is accepted by a person, has a named owner, is open, and is due on a day to come
    (contracts.md). A play is due with its last step; an intervention that is held out never counts.

    Args:
        plays: `running_plays` of the days: rows of `RESULT_TABLES["plays"]` with `date`, the status
            being that of the day.
        interventions: source table as of each day, with `account_id` and `date`; None: not
            connected.

    Returns:
        `PLANS`: `why_not` says what is lacking, null where it counts.
    """
    standing = pl.concat([_of_plays(plays), _of_interventions(interventions)])
    lacks = (
        pl.when("is_held_out")
        .then(pl.lit("it is held out, to measure what plays do"))
        .when(~pl.col("is_open"))
        .then(pl.lit("it is closed"))
        .when(~pl.col("is_accepted"))
        .then(pl.lit("nobody has accepted it yet"))
        .when(pl.col("owner").is_null())
        .then(pl.lit("nobody owns it"))
        .when(pl.col("due").is_null())
        .then(pl.lit("it has no due date"))
        .when(pl.col("due") <= pl.col("date"))
        .then(pl.format("it was due on {}", "due"))
    )
    return standing.with_columns(lacks.alias("why_not")).select(
        *KEY, "plan_id", pl.col("why_not").is_null().alias("counts"), "why_not"
    )


def _of_plays(plays: pl.DataFrame) -> pl.DataFrame:
    last = pl.col("steps").list.eval(pl.element().struct.field("due")).list.max()
    owner = pl.when(pl.col("owner_email") != UNOWNED).then("owner_email")
    return _shaped(
        plays.select(
            *KEY,
            pl.col("play_id").alias("plan_id"),
            pl.lit(value=False).alias("is_held_out"),
            pl.col("status").is_in(["proposed", "accepted"]).alias("is_open"),
            (pl.col("status") == "accepted").alias("is_accepted"),
            owner.alias("owner"),
            pl.coalesce(last, pl.col("due_at").dt.date()).alias("due"),
        )
    )


def _of_interventions(interventions: pl.DataFrame | None) -> pl.DataFrame:
    if interventions is None:
        return pl.DataFrame(schema=_STANDING)

    def given(name: str, dtype: pl.DataType) -> pl.Expr:
        there = pl.col(name) if name in interventions.columns else pl.lit(None)
        return there.cast(dtype)

    moment = pl.Datetime("us", "UTC")
    return _shaped(
        interventions.select(
            *KEY,
            pl.col("intervention_id").alias("plan_id"),
            (given("assignment", pl.String()) == "held_out").fill_null(False).alias("is_held_out"),
            given("completed_at", moment).is_null().alias("is_open"),
            given("started_at", moment).is_not_null().alias("is_accepted"),
            given("owner_email", pl.String()).alias("owner"),
            given("due_at", moment).dt.date().alias("due"),
        )
    )


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in _STANDING.items())
