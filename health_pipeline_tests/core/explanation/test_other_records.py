"""A score that moves while records join or leave its account: nobody behaved differently."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from health_pipeline.core.explanation.other_records import told_by_identity
from health_pipeline.core.schemas.results import RESULT_TABLES

DAYS = {n: date(2026, 3, n) for n in range(1, 31)}
CASES = [
    # why, first day with other records, the effects of the day against the 9th
    ("records moved on the day itself", 10, ["identity"]),
    ("they moved before both days", 9, ["behaviour", "coverage"]),
    ("they moved after both days", 11, ["behaviour", "coverage"]),
    ("nothing moved", None, ["behaviour", "coverage"]),
]


def parts(account: str):
    rows = [
        (account, DAYS[10], DAYS[9], -4.0, "seats", "behaviour", -5.0),
        (account, DAYS[10], DAYS[9], -4.0, "tickets", "coverage", 1.0),
    ]
    columns = ("account_id", "date", "compared_with", "delta", "signal", "effect", "points")
    return RESULT_TABLES["score_changes"].conform(pl.DataFrame(rows, schema=columns, orient="row"))


@pytest.mark.parametrize(("why", "since", "effects"), CASES, ids=[case[0] for case in CASES])
def test_the_whole_move_is_identity_where_records_moved_in_between(why, since, effects):
    rows = [] if since is None else [("a", DAYS[since])]
    moved = pl.DataFrame(rows, schema={"account_id": pl.String, "since": pl.Date}, orient="row")
    found = told_by_identity(pl.concat([parts("a"), parts("b")]), moved)
    mine = found.filter(account_id="a")
    assert mine["effect"].sort().to_list() == effects
    assert mine["points"].sum() == -4.0
    assert found.filter(account_id="b").equals(parts("b"))
