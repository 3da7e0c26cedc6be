"""The tables keep the contract, and a longer world repeats a shorter one."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.sample import World, generate
from health_pipeline.adapters.sample.tables import cut, frame
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of, end_of
from health_pipeline_tests.adapters.sample.conftest import END

STAMPED_BY_THE_LANDING = {"usage_daily", "surveys", "users", "integrations", "sentiments"}


def test_every_source_table_is_there_in_contract_order(default):
    assert list(default.tables) == list(SOURCE_TABLES)
    empty = [name for name, rows in default.tables.items() if rows.is_empty()]
    assert empty == []


@pytest.mark.parametrize("name", SOURCE_TABLES)
def test_columns_and_types_are_those_of_the_contract(small, name):
    table, rows = SOURCE_TABLES[name], small.tables[name]
    assert dict(rows.schema) == {c: t for c, t in table.schema.items() if c in rows.columns}
    assert list(rows.columns) == [c for c in table.names if c in rows.columns]


@pytest.mark.parametrize("name", SOURCE_TABLES)
def test_values_keep_the_contract(default, name):
    rows = default.tables[name]
    for column in SOURCE_TABLES[name].columns:
        if column.name not in rows.columns:
            assert not column.required, column.name
            continue
        values = rows[column.name]
        assert not (column.required and values.null_count()), column.name
        if column.allowed:
            assert set(values.drop_nulls()) <= set(column.allowed), column.name
        if column.low is not None:
            assert (values.drop_nulls() >= column.low).all(), column.name
        if column.high is not None:
            assert (values.drop_nulls() <= column.high).all(), column.name


@pytest.mark.parametrize("name", [n for n in SOURCE_TABLES if n != "events"])
def test_versions_of_a_key_are_known_at_different_times(default, name):
    rows = default.tables[name]
    key = [*SOURCE_TABLES[name].key, *(["known_at"] if "known_at" in rows.columns else [])]
    assert rows.select(key).is_duplicated().sum() == 0
    assert ("known_at" not in rows.columns) == (name in STAMPED_BY_THE_LANDING)


@pytest.mark.parametrize("name", SOURCE_TABLES)
def test_nothing_lies_after_the_end(default, name):
    end = date(2025, 6, 30)
    for column in SOURCE_TABLES[name].columns:
        rows = default.tables[name]
        arrival = column.name in ("known_at", "received_at")
        if column.name in rows.columns and (column.happened or arrival):
            latest = rows[column.name].max()
            limit = end if rows.schema[column.name] == pl.Date else end_of(end)
            assert latest is None or latest <= limit, column.name


@pytest.mark.parametrize(
    ("why", "end"),
    [
        ("the months before a further month stay", date(2025, 5, 31)),
        ("and before four more, churns to come included", date(2025, 8, 31)),
        ("a day more keeps the days before", END + timedelta(days=1)),
    ],
)
def test_a_longer_world_repeats_the_shorter_one(small, why, end):
    longer = generate(end, accounts=30, months=4 + end.month - END.month)
    for name, rows in small.tables.items():
        again = cut(name, longer.tables[name], END)
        assert again.equals(rows), (why, name)


@pytest.mark.parametrize(
    ("why", "last", "expected"),
    [
        ("not yet known", date(2025, 1, 9), []),
        ("known, planned end stays, loss not yet", date(2025, 1, 15), [(date(2025, 2, 1), None)]),
        ("all of it", date(2025, 2, 1), [(date(2025, 2, 1), date(2025, 2, 1))]),
    ],
)
def test_cut(why, last, expected):
    row = {
        "source": "billing",
        "subscription_id": "s",
        "source_account_id": "a",
        "starts_on": date(2024, 2, 1),
        "renews_on": date(2025, 2, 1),
        "ended_on": date(2025, 2, 1),
        "known_at": end_of(date(2025, 1, 10)),
    }
    rows = cut("subscriptions", frame("subscriptions", [row]), last)
    assert rows.select("renews_on", "ended_on").rows() == expected, why


def test_a_row_with_a_column_that_the_contract_lacks_is_refused():
    with pytest.raises(KeyError, match="seat_requests has no column colour"):
        frame("seat_requests", [{"colour": "red"}])


def test_subscriptions_of_a_lost_account_end_on_the_day_of_the_truth(default: World):
    table = SOURCE_TABLES["subscriptions"]
    stamped = default.tables["subscriptions"].with_columns(known_assumed=pl.lit(False))
    last = as_of(table, stamped, date(2025, 6, 30))
    ended = last.group_by("source_account_id").agg(
        pl.col("ended_on").last(), pl.col("cancellation_notice_on").last()
    )
    lost = default.truth.drop_nulls("churned_on").join(
        ended, left_on="billing_id", right_on="source_account_id"
    )
    assert lost.height == default.truth["churned_on"].count()
    joined = lost.select(
        (pl.col("ended_on") == pl.col("churned_on")).all(),
        (pl.col("cancellation_notice_on") == pl.col("notice_on")).all(),
    )
    assert joined.row(0) == (True, True)
