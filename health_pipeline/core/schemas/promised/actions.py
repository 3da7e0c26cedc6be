"""Why, in words, and who does what about it."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.promised.table import BOOL, DAY, INT, REAL, TEXT, ResultTable

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

ACTIONS = (
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
)
