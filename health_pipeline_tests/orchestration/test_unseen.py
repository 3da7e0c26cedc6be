"""Which share of what was handed in no account claims."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.unseen import unseen
from health_pipeline_tests.orchestration.small_world import house_in

AT = datetime(2026, 1, 1, tzinfo=UTC)
TERMS = [
    # account, ARR, currency
    ("known", 60, None),
    ("known", 900, "EUR"),
    ("nobody's", 40, "usd"),
]


def test_arr_of_other_currencies_is_in_no_sum(tmp_path):
    rows = [
        {
            "source": "crm",
            "subscription_id": str(n),
            "source_account_id": account,
            "arr": Decimal(arr),
            "currency": currency,
        }
        for n, (account, arr, currency) in enumerate(TERMS)
    ]
    schema = {name: SOURCE_TABLES["subscriptions"].schema[name] for name in rows[0]}
    terms = pl.DataFrame(rows, schema=schema).with_columns(known_at=pl.lit(AT))
    xref = pl.DataFrame({"source": ["crm"], "source_account_id": ["known"]})
    with house_in(tmp_path, tmp_path).open() as stores:
        writes = [Write("landing/subscriptions", None, terms), Write("account_xref", None, xref)]
        stores.lake.publish(writes, run_id="test", at=AT)
        assert unseen(stores).arr.part == 0.4
