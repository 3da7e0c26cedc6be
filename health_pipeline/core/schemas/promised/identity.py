"""Who is who: accounts, users, and what no account claims."""

from __future__ import annotations

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.promised.table import DAY, INT, REAL, TEXT, ResultTable

IDENTITY = (
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
)
