"""What is told, to whom, and whether it arrived."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.promised.table import BOOL, DAY, INT, REAL, TEXT, ResultTable

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


TELLING = (
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
)
