"""Parent companies: named by a record of the same system, never in a circle."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import polars as pl
import pytest

from health_pipeline.core.activity.first_active import FIRST_ACTIVE
from health_pipeline.core.identity.attach import attach
from health_pipeline.core.identity.parents import lost_parents
from health_pipeline.core.identity.population import accounts_table, history
from health_pipeline.core.identity.resolve import resolve
from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of
from health_pipeline_tests.core.identity.tables import NO_REGISTRY, RULES, account, landed

DAY = date(2026, 2, 1)

CASES = [
    # why, child → parent, how many circles
    ("a chain is no circle", {"1": "2", "2": "3", "3": None}, 0),
    ("two that name each other", {"1": "2", "2": "1"}, 1),
    ("three in a circle, and one below", {"1": "2", "2": "3", "3": "1", "4": "1"}, 1),
    ("two circles", {"1": "2", "2": "1", "3": "4", "4": "3"}, 2),
    ("its own parent is no parent", {"1": "1"}, 0),
    ("a parent that nobody knows", {"1": "9"}, 0),
]


@pytest.mark.parametrize(("why", "above", "circles"), CASES, ids=[case[0] for case in CASES])
def test_a_circle_is_cut_above_one_account_and_reported(why, above, circles):
    rows = [account(f"crm:{key}", parent_source_account_id=up) for key, up in above.items()]
    tables = {"accounts": landed("accounts", *rows)}
    identity = resolve(tables, RULES, NO_REGISTRY)
    told = RESULT_TABLES["unresolved"].conform(
        lost_parents(tables["accounts"], identity.account_xref)
    )
    told = told.filter(pl.col("why").str.contains("circle"))
    assert told["rows"].to_list() == [1] * circles, why
    ids = dict(identity.account_xref.select("source_account_id", "account_id").iter_rows())
    known = {ids[key]: ids.get(up) for key, up in above.items() if up != key}
    cut = {ids[key] for key in told["key"]}
    attached = attach(tables, identity)[0]
    past = history(attached, pl.DataFrame(schema=FIRST_ACTIVE), RULES, ChurnDefinition())
    today = {name: as_of(SOURCE_TABLES[name], frame, DAY) for name, frame in attached.items()}
    table = accounts_table(today, past, identity.account_xref, DAY)
    found = dict(table.select("account_id", "parent_account_id").iter_rows())
    assert found == {one: None if one in cut else known.get(one) for one in ids.values()}
    for row in told.iter_rows(named=True):
        ring = row["why"].split(": ")[1].split(";")[0].split(" → ")
        assert ring[0] == ring[-1] == ids[row["key"]] == min(ring)
        assert all(known[one] == other for one, other in pairwise(ring))
