"""The health fields on CRM account, renewal and opportunity records, by one set of names (R93)."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from health_pipeline.core.delivery.params import CrmRules
from health_pipeline.core.schemas.deals import is_open
from health_pipeline.core.schemas.escaping import as_cell
from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.results import CRM_FIELDS, RESULT_TABLES
from health_pipeline.core.schemas.words import floored

KEY = ["account_id", "date"]
OVERRIDE_FIELDS = ("health_tier_override", "health_override_reason", "health_override_until")
RECORD_OF_KIND = {"renewal": "renewal", "expansion": "opportunity"}


_PLANS = {"account_id": pl.String(), "date": pl.Date(), "counts": pl.Boolean()}


@dataclass(frozen=True, slots=True)
class Beside:
    """What people and rules decide beside a score: the result tables of those days.

    `plans`: `account_id`, `date`, `counts` of every play and intervention, as `recovery_plans` says
    which of them are recovery plans.
    """

    overrides: pl.DataFrame = field(default_factory=RESULT_TABLES["overrides"].empty)
    guard: pl.DataFrame = field(default_factory=RESULT_TABLES["discount_guard"].empty)
    plans: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_PLANS))


def crm_fields(
    scores: pl.DataFrame,
    reasons: pl.DataFrame,
    narratives: pl.DataFrame,
    plays: pl.DataFrame,
    renewals: pl.DataFrame | None,
    crm_accounts: pl.DataFrame,
    rules: CrmRules,
    beside: Beside | None = None,
) -> pl.DataFrame:
    """The fields of every record that carries them, for each scored day.

    Args:
        scores: `RESULT_TABLES["health_scores"]` of any number of days.
        reasons: `RESULT_TABLES["reason_codes"]` of those days.
        narratives: `RESULT_TABLES["narratives"]` of those days.
        plays: `RESULT_TABLES["plays"]`.
        renewals: source table as of each day, with `account_id` and `date`; None: not connected.
        crm_accounts: `source_account_id`, `account_id` of the CRM's own account records
            (`account_xref` of the sources in the role crm).
        rules: record types and how many reason codes.
        beside: what stands beside the score on those days; None: nothing.

    Returns:
        `RESULT_TABLES["crm_fields"]`. An account without a CRM record has its account_id as
        record_id; one with several has a row for each. Renewals and opportunities (kind expansion)
        are there while open. The discount guard is that of the account: block if one of its
        requests is blocked. The plan is accepted, too, where an intervention of the CRM counts as
        a recovery plan. The churn probability is null as long as nothing decides it.
    """
    said = beside or Beside()
    # "block" comes after "allow": one blocked request is what is told.
    guarded = said.guard.group_by(KEY).agg(pl.col("decision").max())
    planned = said.plans.group_by(KEY).agg(has_plan=pl.col("counts").any())
    told = (
        scores.join(_said(said.overrides), KEY, "left")
        .join(guarded, KEY, "left")
        .join(planned, KEY, "left")
    )
    fields = _fields(told, reasons, narratives, plays, rules)
    records = [
        _account_records(fields.select(KEY), crm_accounts),
        *([] if renewals is None else [_deal_records(renewals)]),
    ]
    wanted = pl.concat(records).filter(pl.col("record_type").is_in(rules.record_types))
    return RESULT_TABLES["crm_fields"].conform(wanted.unique().join(fields, KEY))


def as_export(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `crm_fields` as a file for people and imports: words are text and nothing but text.

    What names a record stays as the CRM has it, by which its importer finds the record.
    """
    words = [name for name in CRM_FIELDS if rows.schema[name] == pl.String]
    return rows.with_columns(as_cell(pl.col(name)) for name in words)


def _fields(
    scores: pl.DataFrame,
    reasons: pl.DataFrame,
    narratives: pl.DataFrame,
    plays: pl.DataFrame,
    rules: CrmRules,
) -> pl.DataFrame:
    """`account_id`, `date` and the CRM fields, one row a score; what stands beside it is there."""
    days = scores["date"].unique().to_list()
    wide = (
        scores.join(_codes(reasons, rules.reason_codes), KEY, "left")
        .join(narratives.select(*KEY, "headline", "text"), KEY, "left")
        .join(running_plays(plays, days).select(*KEY, "play", "status", "due_at"), KEY, "left")
    )
    waiting = pl.col("status").is_in(["proposed", "accepted"])
    values = {
        "health_score": floored(pl.col("score")),
        "health_tier": pl.col("tier"),
        "health_tier_since": pl.col("tier_since"),
        "health_reason_codes": pl.col("codes"),
        "health_narrative": pl.concat_str("headline", "text", separator=". "),
        "health_trend_30d": _moved(),
        "health_coverage": (floored(pl.col("coverage") * 100) / 100).round(3),
        "health_churn_probability": pl.col("churn_probability"),
        "health_next_play": pl.when(waiting).then(pl.col("play")),
        "health_next_play_due": pl.when(waiting).then(pl.col("due_at").dt.date()),
        "health_recovery_plan_status": pl.when("has_plan")
        .then(pl.lit("accepted"))
        .otherwise(pl.col("status").fill_null("none")),
        "health_discount_guard": pl.col("decision"),
        "health_model_version": pl.col("model_version"),
        "health_scored_at": pl.col("scored_at"),
        **{name: pl.col(name) for name in OVERRIDE_FIELDS},
    }
    return wide.select(*KEY, *(values[name].alias(name) for name in CRM_FIELDS))


def _moved() -> pl.Expr:
    """The move of 30 days, from one shown score to the other: what the narrative names adds up."""
    now, before = pl.col("score"), pl.col("score") - pl.col("trend_30d")
    return (floored(now) - floored(before)).round(1)


def _said(overrides: pl.DataFrame) -> pl.DataFrame:
    """`account_id`, `date` and the CRM fields of each override."""
    kind = pl.when("muted").then(pl.lit("muted: ")).otherwise(pl.lit(""))
    reason = pl.concat_str(kind, pl.format("{} ({})", "why", "author"))
    values = (pl.col("tier_override"), reason, pl.col("until"))
    named = zip(OVERRIDE_FIELDS, values, strict=True)
    return overrides.select(*KEY, *(value.alias(name) for name, value in named))


def _codes(reasons: pl.DataFrame, most: int) -> pl.DataFrame:
    return (
        reasons.filter((pl.col("direction") == "risk") & (pl.col("rank") <= most))
        .sort(*KEY, "rank")
        .group_by(KEY, maintain_order=True)
        .agg(pl.col("reason_code").str.join(";").alias("codes"))
    )


def _account_records(accounts: pl.DataFrame, crm_accounts: pl.DataFrame) -> pl.DataFrame:
    ids = crm_accounts.select("account_id", "source_account_id")
    return accounts.join(ids, on="account_id", how="left").select(
        *KEY,
        record_type=pl.lit("account"),
        record_id=pl.col("source_account_id").fill_null(pl.col("account_id")),
    )


def _deal_records(renewals: pl.DataFrame) -> pl.DataFrame:
    """Open renewal and expansion records."""
    return renewals.filter(is_open(renewals.columns)).select(
        *KEY,
        record_type=pl.col("kind").replace_strict(RECORD_OF_KIND, return_dtype=pl.String),
        record_id=pl.col("opportunity_id"),
    )
