"""The tables that users read, exactly as contracts.md promises them (columns, order, types)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP

TEXT, DAY, INT, REAL, BOOL = pl.String(), pl.Date(), pl.Int64(), pl.Float64(), pl.Boolean()

EVIDENCE = pl.Struct(
    {
        "value": REAL,
        "unit": TEXT,
        "baseline": REAL,
        "subscore": REAL,
        "observed_on": DAY,
        "detail": TEXT,
        "value_before": REAL,
        "before_on": DAY,
        "tables": TEXT,
    }
)
STEPS = pl.List(pl.Struct({"text": TEXT, "owner": TEXT, "due": DAY}))

CRM_FIELDS: dict[str, pl.DataType] = {
    "health_score": REAL,
    "health_tier": TEXT,
    "health_tier_since": DAY,
    "health_reason_codes": TEXT,
    "health_narrative": TEXT,
    "health_trend_30d": REAL,
    "health_coverage": REAL,
    "health_churn_probability": REAL,
    "health_next_play": TEXT,
    "health_next_play_due": DAY,
    "health_recovery_plan_status": TEXT,
    "health_discount_guard": TEXT,
    "health_model_version": TEXT,
    "health_scored_at": TIMESTAMP,
    "health_tier_override": TEXT,
    "health_override_reason": TEXT,
    "health_override_until": DAY,
}
"""The same names on every CRM (R93)."""


@dataclass(frozen=True, slots=True)
class ResultTable:
    """One promised table.

    Attributes:
        name: folder in the lake and view in health.duckdb.
        columns: name → polars type, in order.
        daily: True when stored in one `date=` partition a day.
        key: columns that name a row.
        open_key: those of `key` that may be null.
    """

    name: str
    columns: dict[str, pl.DataType]
    key: tuple[str, ...]
    daily: bool = False
    open_key: tuple[str, ...] = ()

    def empty(self) -> pl.DataFrame:
        """A frame of this shape without rows."""
        return pl.DataFrame(schema=self.columns)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` in exactly this shape: selected, cast, sorted by key, the day first."""
        shaped = frame.select(pl.col(name).cast(dtype) for name, dtype in self.columns.items())
        first = ("date",) if self.daily else ()
        order = (*first, *(name for name in self.key if name not in first))
        return shaped if _rises(shaped, order) else shaped.sort(order, nulls_last=True)


def _rises(frame: pl.DataFrame, order: Sequence[str]) -> bool:
    """Whether no row stands below one that it comes before: far cheaper to see than to sort."""
    rises, same = pl.lit(value=False), pl.lit(value=True)
    for name in order:
        column = pl.col(name)
        rises |= same & (column > column.shift())
        same &= column == column.shift()
    return bool(frame.select((rises | same).slice(1).all(ignore_nulls=False)).item())


_FIGURE: dict[str, pl.DataType] = {
    "report_month": TEXT,
    "segment": TEXT,
    "subject": TEXT,
    "metric": TEXT,
    "value": REAL,
    "low": REAL,
    "high": REAL,
    "n": INT,
    "note": TEXT,
    "model_version": TEXT,
}
_FIGURE_KEY = ("report_month", "segment", "subject", "metric")

_TABLES = (
    ResultTable(
        "account_xref",
        {
            "source": TEXT,
            "source_account_id": TEXT,
            "account_id": TEXT,
            "rule": TEXT,
            "evidence": TEXT,
            "confidence": REAL,
            "linked_at": TIMESTAMP,
        },
        ("source", "source_account_id"),
    ),
    ResultTable(
        "user_xref",
        {
            "source": TEXT,
            "source_user_id": TEXT,
            "account_id": TEXT,
            "user_id": TEXT,
            "rule": TEXT,
        },
        ("source", "source_user_id"),
    ),
    ResultTable(
        "accounts",
        {
            "account_id": TEXT,
            "name": TEXT,
            "domain": TEXT,
            "parent_account_id": TEXT,
            "plan": TEXT,
            "region": TEXT,
            "employees": INT,
            "deployment": TEXT,
            "arr": REAL,
            "seats": INT,
            "owner_email": TEXT,
            "renews_on": DAY,
            "first_seen_on": DAY,
        },
        ("account_id",),
    ),
    ResultTable(
        "identity_review",
        {
            "left_source": TEXT,
            "left_source_account_id": TEXT,
            "left_account_id": TEXT,
            "left_name": TEXT,
            "right_source": TEXT,
            "right_source_account_id": TEXT,
            "right_account_id": TEXT,
            "right_name": TEXT,
            "probability": REAL,
            "why": TEXT,
        },
        ("left_source", "left_source_account_id", "right_source", "right_source_account_id"),
    ),
    ResultTable(
        "unresolved",
        {"table": TEXT, "source": TEXT, "key": TEXT, "why": TEXT, "rows": INT},
        ("table", "source", "key"),
    ),
    ResultTable(
        "segments",
        {
            "account_id": TEXT,
            "date": DAY,
            "segment": TEXT,
            "plan": TEXT,
            "acv_band": TEXT,
            "deployment": TEXT,
            "region": TEXT,
            "size": TEXT,
            "customer_tier": TEXT,
        },
        ("account_id", "date"),
        daily=True,
    ),
    ResultTable(
        "signals",
        {
            "account_id": TEXT,
            "date": DAY,
            "signal": TEXT,
            "value": REAL,
            "unit": TEXT,
            "status": TEXT,
            "freshness_hours": REAL,
            "segment_baseline": REAL,
            "subscore": REAL,
            "observed_on": DAY,
            "detail": TEXT,
        },
        ("account_id", "date", "signal"),
        daily=True,
    ),
    ResultTable(
        "driver_states",
        {
            "account_id": TEXT,
            "date": DAY,
            "signal": TEXT,
            "state": TEXT,
            "since": DAY,
            "candidate": TEXT,
            "candidate_days": INT,
            "episode_id": TEXT,
            "healthy_since": DAY,
            "subscore": REAL,
            "held_state": TEXT,
            "observed_on": DAY,
            "value": REAL,
        },
        ("account_id", "date", "signal"),
        daily=True,
    ),
    ResultTable(
        "driver_transitions",
        {
            "transition_id": TEXT,
            "account_id": TEXT,
            "signal": TEXT,
            "date": DAY,
            "from_state": TEXT,
            "to_state": TEXT,
            "at": TIMESTAMP,
            "value_before": REAL,
            "value_after": REAL,
            "reason_code": TEXT,
            "episode_id": TEXT,
            "silent": BOOL,
            "model_version": TEXT,
        },
        ("transition_id",),
        daily=True,
    ),
    ResultTable(
        "health_scores",
        {
            "account_id": TEXT,
            "date": DAY,
            "score": REAL,
            "tier": TEXT,
            "tier_since": DAY,
            "tier_by_score": TEXT,
            "gate": TEXT,
            "gate_reason": TEXT,
            "coverage": REAL,
            "groups_scored": TEXT,
            "trend_30d": REAL,
            "expansion_index": REAL,
            "churn_probability": REAL,
            "arr": REAL,
            "due": BOOL,
            "segment": TEXT,
            "scored_at": TIMESTAMP,
            "model_version": TEXT,
            "held_tier": TEXT,
            "frozen_by": TEXT,
            "disagreement": TEXT,
        },
        ("account_id", "date"),
        daily=True,
    ),
    ResultTable(
        "outages",
        {
            "date": DAY,
            "source": TEXT,
            "table": TEXT,
            "since": DAY,
            "accounts": INT,
            "share": REAL,
            "freezes": BOOL,
        },
        ("date", "source", "table"),
        daily=True,
    ),
    ResultTable(
        "contributions",
        {
            "account_id": TEXT,
            "date": DAY,
            "signal": TEXT,
            "group": TEXT,
            "status": TEXT,
            "weight": REAL,
            "subscore": REAL,
            "reference": REAL,
            "points": REAL,
            "points_vs_reference": REAL,
        },
        ("account_id", "date", "signal"),
        daily=True,
    ),
    ResultTable(
        "score_changes",
        {
            "account_id": TEXT,
            "date": DAY,
            "compared_with": DAY,
            "delta": REAL,
            "signal": TEXT,
            "effect": TEXT,
            "points": REAL,
        },
        ("account_id", "date", "compared_with", "effect", "signal"),
        daily=True,
        open_key=("signal",),
    ),
    ResultTable(
        "baselines",
        {
            "segment": TEXT,
            "signal": TEXT,
            "k0": REAL,
            "k60": REAL,
            "k80": REAL,
            "k100": REAL,
            "reference": REAL,
            "median": REAL,
            "n": INT,
            "borrowed": BOOL,
            "fitted_through": DAY,
            "model_version": TEXT,
        },
        ("model_version", "segment", "signal"),
    ),
    ResultTable(
        "reason_codes",
        {
            "account_id": TEXT,
            "date": DAY,
            "reason_code": TEXT,
            "signal": TEXT,
            "rank": INT,
            "direction": TEXT,
            "points": REAL,
            "sentence": TEXT,
            "evidence": EVIDENCE,
            "play": TEXT,
        },
        ("account_id", "date", "direction", "rank"),
        daily=True,
    ),
    ResultTable(
        "narratives",
        {
            "account_id": TEXT,
            "date": DAY,
            "headline": TEXT,
            "text": TEXT,
            "next_steps": TEXT,
            "context": TEXT,
        },
        ("account_id", "date"),
        daily=True,
    ),
    ResultTable(
        "overrides",
        {
            "account_id": TEXT,
            "date": DAY,
            "tier_override": TEXT,
            "muted": BOOL,
            "why": TEXT,
            "author": TEXT,
            "until": DAY,
        },
        ("account_id", "date"),
        daily=True,
    ),
    ResultTable(
        "plays",
        {
            "play_id": TEXT,
            "account_id": TEXT,
            "episode_id": TEXT,
            "play": TEXT,
            "reason_code": TEXT,
            "opened_at": TIMESTAMP,
            "due_at": TIMESTAMP,
            "owner_email": TEXT,
            "status": TEXT,
            "accepted_at": TIMESTAMP,
            "accepted_by": TEXT,
            "model_version": TEXT,
            "steps": STEPS,
            "first_touch_at": TIMESTAMP,
            "closed_at": TIMESTAMP,
            "outcome": TEXT,
            "calm_since": DAY,
        },
        ("play_id",),
    ),
    ResultTable(
        "action_ledger",
        {
            "account_id": TEXT,
            "episode_id": TEXT,
            "occurred_at": TIMESTAMP,
            "known_at": TIMESTAMP,
            "scored_at": TIMESTAMP,
            "alerted_at": TIMESTAMP,
            "task_at": TIMESTAMP,
            "first_touch_at": TIMESTAMP,
            "play_id": TEXT,
            "play": TEXT,
            "owner_email": TEXT,
            "closed_at": TIMESTAMP,
            "is_live": BOOL,
        },
        ("play_id",),
    ),
    ResultTable(
        "discount_guard",
        {
            "opportunity_id": TEXT,
            "account_id": TEXT,
            "decision": TEXT,
            "why": TEXT,
            "recovery_plan": TEXT,
            "date": DAY,
            "source": TEXT,
            "tier": TEXT,
            "discount_requested_pct": REAL,
            "discount_approved_at": TIMESTAMP,
            "model_version": TEXT,
        },
        ("date", "source", "opportunity_id"),
        daily=True,
    ),
    ResultTable(
        "alerts",
        {
            "alert_id": TEXT,
            "dedup_key": TEXT,
            "account_id": TEXT,
            "kind": TEXT,
            "from_state": TEXT,
            "to_state": TEXT,
            "severity": TEXT,
            "route": TEXT,
            "opened_at": TIMESTAMP,
            "group_id": TEXT,
            "status": TEXT,
            "suppressed_by": TEXT,
            "transition_id": TEXT,
            "play_id": TEXT,
            "owner_email": TEXT,
            "sentence": TEXT,
            "model_version": TEXT,
            "signal": TEXT,
            "reason_code": TEXT,
        },
        ("alert_id",),
    ),
    ResultTable(
        "crm_fields",
        {
            "account_id": TEXT,
            "date": DAY,
            "record_type": TEXT,
            "record_id": TEXT,
            **CRM_FIELDS,
        },
        ("account_id", "date", "record_type", "record_id"),
        daily=True,
    ),
    ResultTable(
        "deliveries",
        {
            "delivery_id": TEXT,
            "alert_id": TEXT,
            "target": TEXT,
            "key": TEXT,
            "attempt": INT,
            "at": TIMESTAMP,
            "ok": BOOL,
            "status_code": INT,
            "retry_at": TIMESTAMP,
            "error": TEXT,
            "possible_repeat": BOOL,
        },
        ("delivery_id",),
    ),
    ResultTable(
        "churn_labels",
        {
            "account_id": TEXT,
            "date": DAY,
            "horizon_days": INT,
            "churned_within_horizon": BOOL,
            "effective_on": DAY,
            "notice_on": DAY,
            "known_on": DAY,
            "days_to_event": INT,
            "event_kind": TEXT,
            "counterweight": TEXT,
            "censored": BOOL,
            "label_known_through": DAY,
        },
        ("account_id", "date"),
    ),
    ResultTable("backtests", _FIGURE, _FIGURE_KEY),
    ResultTable("drift", _FIGURE, _FIGURE_KEY),
    ResultTable(
        "quarantine",
        {
            "table": TEXT,
            "source": TEXT,
            "key": TEXT,
            "rule": TEXT,
            "value": TEXT,
            "origin": TEXT,
            "at": TIMESTAMP,
        },
        ("table", "source", "key", "rule", "value", "origin"),
    ),
)

RESULT_TABLES: dict[str, ResultTable] = {table.name: table for table in _TABLES}
"""Promised tables by name. Columns beyond contracts.md stand after the promised ones."""
