"""How right the scores were; and what no table took."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.promised.table import BOOL, DAY, INT, REAL, TEXT, ResultTable

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

LEARNING = (
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
