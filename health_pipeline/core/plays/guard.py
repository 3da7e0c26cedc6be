"""The discount guard: no discount for an account in trouble without a recovery plan (R94)."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.deals import is_open
from health_pipeline.core.schemas.results import RESULT_TABLES

KEY = ["account_id", "date"]
HEALTHY = "green"
ALLOW, BLOCK = "allow", "block"


def discount_guard(
    renewals: pl.DataFrame | None, scores: pl.DataFrame, plans: pl.DataFrame
) -> pl.DataFrame:
    """Allows or blocks each open renewal that asks for a discount, on each day, and says why.

    Green needs no plan. Everyone else needs a recovery plan that counts: the one that the renewal
    names, or where it names none, any of the account. An account without a score is no exception:
    what is not known to be healthy is not given a discount without a plan.

    Args:
        renewals: source table as of each day, with `account_id` and `date`; None: not connected.
        scores: `RESULT_TABLES["health_scores"]` of those days.
        plans: `recovery.PLANS` of those days.

    Returns:
        `RESULT_TABLES["discount_guard"]`, one row a renewal and day. `recovery_plan` is the plan
        that allows it.
    """
    table = RESULT_TABLES["discount_guard"]
    if renewals is None or "discount_requested_pct" not in renewals.columns:
        return table.empty()
    asking = _asking(renewals)
    judged = (
        asking.join(scores.select(*KEY, "tier", "model_version"), on=KEY, how="left")
        .join(_first_that_counts(plans), on=KEY, how="left")
        .join(
            _by_name(plans),
            on=[*KEY, "recovery_plan_id"],
            how="left",
        )
    )
    named, any_plan = pl.col("recovery_plan_id"), pl.col("any_plan")
    plan = pl.when(named.is_null()).then(any_plan).when(pl.col("counts")).then(named)
    healthy = (pl.col("tier") == HEALTHY).fill_null(value=False)
    decided = judged.with_columns(
        plan.alias("recovery_plan"),
        pl.when(healthy | plan.is_not_null())
        .then(pl.lit(ALLOW))
        .otherwise(pl.lit(BLOCK))
        .alias("decision"),
    )
    return table.conform(decided.with_columns(_why(healthy).alias("why")))


def _asking(renewals: pl.DataFrame) -> pl.DataFrame:
    """Open renewals and expansions with a discount request."""

    def given(name: str, dtype: pl.DataType) -> pl.Expr:
        there = pl.col(name) if name in renewals.columns else pl.lit(None)
        return there.cast(dtype).alias(name)

    asks = pl.col("discount_requested_pct") > 0
    return renewals.filter(is_open(renewals.columns), asks).select(
        *KEY,
        "source",
        "opportunity_id",
        pl.col("discount_requested_pct").cast(pl.Float64),
        given("discount_approved_at", pl.Datetime("us", "UTC")),
        given("recovery_plan_id", pl.String()),
    )


def _by_name(plans: pl.DataFrame) -> pl.DataFrame:
    """One plan a name: of interventions that two systems number alike the one that counts."""
    return (
        plans.sort(pl.col("counts").not_(), "why_not")
        .unique([*KEY, "plan_id"], keep="first", maintain_order=True)
        .select(*KEY, pl.col("plan_id").alias("recovery_plan_id"), "counts", "why_not")
    )


def _first_that_counts(plans: pl.DataFrame) -> pl.DataFrame:
    return (
        plans.filter("counts").group_by(KEY).agg(pl.col("plan_id").sort().first().alias("any_plan"))
    )


def _why(healthy: pl.Expr) -> pl.Expr:
    """The reason in words, figures included."""
    tier = pl.col("tier").str.to_titlecase()
    stands = (
        pl.when(pl.col("tier").is_null())
        .then(pl.lit("The account is no customer of that day"))
        .when(pl.col("tier") == "unscored")
        .then(pl.lit("The account has no score"))
        .otherwise(pl.format("The account is {}", tier))
    )
    named = pl.col("recovery_plan_id")
    lacking = (
        pl.when(named.is_null())
        .then(pl.lit("has no recovery plan that a person accepted"))
        .when(pl.col("why_not").is_null())
        .then(pl.format("has no plan {}, which the renewal names", named))
        .otherwise(pl.format("its plan {} does not count: {}", named, "why_not"))
    )
    return (
        pl.when(healthy)
        .then(pl.format("{}: no recovery plan is needed.", stands))
        .when(pl.col("recovery_plan").is_not_null())
        .then(pl.format("{} and recovers by plan {}.", stands, "recovery_plan"))
        .otherwise(pl.format("{} and {}.", stands, lacking))
    )
