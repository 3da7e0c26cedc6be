"""The share of ARR that no account claims."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.unseen import Share, unseen
from health_pipeline_tests.orchestration.small_world import house_in

LONG_AGO, AHEAD = datetime(2026, 3, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
CASES = [
    # why, what is said last of the term that nobody claims, its part in the sum
    ("it stands", {}, 30.0),
    ("in the currency of the model", {"currency": "usd"}, 30.0),
    ("money of another currency is in no sum", {"currency": "EUR"}, 0.0),
    ("its source deleted it", {"deleted_at": LONG_AGO}, 0.0),
    ("it will be deleted", {"deleted_at": AHEAD}, 30.0),
]


@pytest.mark.parametrize(("why", "said", "unclaimed"), CASES)
def test_a_term_counts_as_last_stated(why, said, unclaimed, tmp_path):
    term = {"source": "crm", "known_at": LONG_AGO, "starts_on": date(2026, 1, 1)}
    theirs = {**term, "source_account_id": "x", "subscription_id": "2", "arr": 30}
    terms = [
        {**term, "source_account_id": "a", "subscription_id": "1", "arr": 70},
        theirs,
        {**theirs, "known_at": LONG_AGO.replace(day=2), **said},
    ]
    xref = [{"source": "crm", "source_account_id": "a", "account_id": "acc_a"}]
    tables = {
        "landing/subscriptions": pl.DataFrame(terms, schema=SOURCE_TABLES["subscriptions"].schema),
        "account_xref": pl.DataFrame(xref, schema=RESULT_TABLES["account_xref"].columns),
    }
    writes = [Write(name, None, frame) for name, frame in tables.items()]
    with house_in(tmp_path, tmp_path).open() as stores:
        stores.lake.publish(writes, run_id="r", at=LONG_AGO)
        assert unseen(stores).arr == Share(unclaimed, 70.0 + unclaimed), why
