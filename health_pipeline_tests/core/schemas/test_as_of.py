"""Leakage traps: what a day may not see (contracts.md, on versions; the law of time)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of, days_between, end_of

DAY = date(2024, 1, 15)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def versions(table: str, *cells: dict) -> pl.DataFrame:
    contract = SOURCE_TABLES[table]
    names = {name for row in cells for name in row} | set(contract.key) | {"known_at"}
    schema = {n: d for n, d in contract.schema.items() if n in names}
    filled = [{"source": "s", **row} for row in cells]
    return pl.DataFrame(filled, schema={**schema, "known_assumed": pl.Boolean()})


TICKET = {"ticket_id": "t", "source_account_id": "1", "known_assumed": True}
TERM = {"subscription_id": "u", "source_account_id": "1", "starts_on": date(2023, 2, 1)}
DATED = {"known_assumed": False}
DELETED = {**TICKET, "opened_at": utc("2024-01-10"), "known_at": utc("2024-01-10")}
BILL = {
    "invoice_id": "i",
    "source_account_id": "1",
    "issued_on": date(2024, 1, 2),
    "due_on": date(2024, 2, 1),
}
RECORD = {"source_account_id": "1", "known_at": utc("2024-01-01"), "known_assumed": True}
STEP = {"milestone_id": "m", "source_account_id": "1", "project": "p", "name": "n"}
TRAPS = [
    # why, table, versions, column, what D sees (None: null; missing row: [])
    (
        "occurred before D, known only after it",
        "tickets",
        [{**TICKET, "opened_at": utc("2024-01-10"), "known_at": utc("2024-01-20")}],
        "opened_at",
        [],
    ),
    (
        "known on D's last microsecond",
        "tickets",
        [{**TICKET, "opened_at": utc("2024-01-10"), "known_at": end_of(DAY)}],
        "opened_at",
        [utc("2024-01-10")],
    ),
    (
        "known one microsecond later",
        "tickets",
        [{**TICKET, "opened_at": utc("2024-01-10"), "known_at": utc("2024-01-16")}],
        "opened_at",
        [],
    ),
    (
        "reopened after D: a single version's count came with it",
        "tickets",
        [
            {
                **TICKET,
                "opened_at": utc("2024-01-10"),
                "known_at": utc("2024-01-10"),
                "reopened_at": utc("2024-01-20"),
                "reopened_count": 1,
            }
        ],
        "reopened_count",
        [None],
    ),
    (
        "resolved after D: the satisfaction came with it",
        "tickets",
        [
            {
                **TICKET,
                "opened_at": utc("2024-01-10"),
                "known_at": utc("2024-01-10"),
                "resolved_at": utc("2024-01-16"),
                "satisfaction": 1.0,
            }
        ],
        "satisfaction",
        [None],
    ),
    (
        "everything dated has happened: the outcome counts",
        "tickets",
        [
            {
                **TICKET,
                "opened_at": utc("2024-01-10"),
                "known_at": utc("2024-01-10"),
                "resolved_at": utc("2024-01-15T23:59"),
                "satisfaction": 1.0,
            }
        ],
        "satisfaction",
        [1.0],
    ),
    (
        "a version that the source dated carries its outcome from then on",
        "tickets",
        [
            {
                **TICKET,
                "opened_at": utc("2024-01-10"),
                "known_at": utc("2024-01-12"),
                "known_assumed": False,
                "resolved_at": utc("2024-01-20"),
                "reopened_count": 2,
            }
        ],
        "reopened_count",
        [2],
    ),
    (
        "cancelled after D",
        "subscriptions",
        [
            {
                **TERM,
                "known_at": utc("2023-02-01"),
                "known_assumed": True,
                "cancellation_notice_on": date(2024, 1, 16),
                "ended_on": date(2024, 2, 1),
                "status": "cancelled",
            }
        ],
        "cancellation_notice_on",
        [None],
    ),
    (
        "and its status",
        "subscriptions",
        [
            {
                **TERM,
                "known_at": utc("2023-02-01"),
                "known_assumed": True,
                "ended_on": date(2024, 2, 1),
                "status": "cancelled",
            }
        ],
        "status",
        [None],
    ),
    (
        "a planned renewal is known in advance",
        "subscriptions",
        [
            {
                **TERM,
                "known_at": utc("2023-02-01"),
                "known_assumed": True,
                "renews_on": date(2024, 2, 1),
            }
        ],
        "renews_on",
        [date(2024, 2, 1)],
    ),
    (
        "a term that starts after D is not in force",
        "subscriptions",
        [{**TERM, "starts_on": date(2024, 1, 16), "known_at": utc("2024-01-01"), **DATED}],
        "starts_on",
        [],
    ),
    (
        "rescheduled after D: the old due date stands",
        "milestones",
        [
            {**STEP, "due_on": date(2024, 1, 20), "known_at": utc("2024-01-01"), **DATED},
            {**STEP, "due_on": date(2024, 3, 1), "known_at": utc("2024-01-16"), **DATED},
        ],
        "due_on",
        [date(2024, 1, 20)],
    ),
    (
        "rescheduled on D: the new one, whatever the order of rows",
        "milestones",
        [
            {**STEP, "due_on": date(2024, 3, 1), "known_at": utc("2024-01-15"), **DATED},
            {**STEP, "due_on": date(2024, 1, 20), "known_at": utc("2024-01-01"), **DATED},
        ],
        "due_on",
        [date(2024, 3, 1)],
    ),
    (
        "deleted on D: as if it had never been",
        "tickets",
        [{**DELETED, "deleted_at": utc("2024-01-15T23:59")}],
        "opened_at",
        [],
    ),
    (
        "deleted after D: it stands, and nobody knows",
        "tickets",
        [{**DELETED, "deleted_at": utc("2024-01-16")}],
        "deleted_at",
        [None],
    ),
    (
        "a deletion to come holds back no outcome of what has happened",
        "tickets",
        [{**DELETED, "deleted_at": utc("2024-01-16"), "satisfaction": 1.0}],
        "satisfaction",
        [1.0],
    ),
    (
        "deleted by a version that is known after D",
        "invoices",
        [
            {**BILL, "known_at": utc("2024-01-02"), **DATED},
            {**BILL, "deleted_at": utc("2024-01-03"), "known_at": utc("2024-01-16"), **DATED},
        ],
        "due_on",
        [date(2024, 2, 1)],
    ),
    (
        "deleted and told again",
        "invoices",
        [
            {**BILL, "deleted_at": utc("2024-01-03"), "known_at": utc("2024-01-03"), **DATED},
            {**BILL, "known_at": utc("2024-01-04"), **DATED},
        ],
        "due_on",
        [date(2024, 2, 1)],
    ),
    (
        "paid on D is paid, beside one that is paid a day later",
        "invoices",
        [
            {**BILL, "invoice_id": one, "known_at": utc("2024-01-04"), **DATED, "paid_on": day}
            for one, day in (("1", DAY), ("2", DAY + timedelta(days=1)))
        ],
        "paid_on",
        [DAY, None],
    ),
    (
        "a deleted record was an account all the same",
        "accounts",
        [{**RECORD, "deleted_at": utc("2024-01-03")}],
        "source_account_id",
        ["1"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "table", "rows", "column", "seen"), TRAPS)
def test_a_day_sees_nothing_of_the_future(why, table, rows, column, seen):
    found = as_of(SOURCE_TABLES[table], versions(table, *rows), DAY)
    assert found[column].to_list() == seen, why


def test_columns_that_are_not_of_the_contract_pass_through():
    rows = versions("milestones", {**STEP, "known_at": utc("2024-01-01"), **DATED})
    found = as_of(SOURCE_TABLES["milestones"], rows.with_columns(account_id=pl.lit("a")), DAY)
    assert found["account_id"].to_list() == ["a"]


def test_days_between_counts_both_ends():
    assert days_between(DAY, DAY) == [DAY]
    assert days_between(DAY, DAY + timedelta(2)) == [DAY + timedelta(n) for n in range(3)]
    assert days_between(DAY, DAY - timedelta(1)) == []


MOMENTS = st.integers(-5, 5).map(lambda n: utc("2024-01-15T12:00") + timedelta(days=n))
TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "ticket_id": st.sampled_from("tu"),
            "source_account_id": st.just("1"),
            "opened_at": MOMENTS,
            "resolved_at": st.none() | MOMENTS,
            "reopened_count": st.none() | st.integers(0, 3),
            "deleted_at": st.none() | MOMENTS,
            "known_at": MOMENTS,
            "known_assumed": st.booleans(),
        }
    ),
    max_size=8,
)


TICKETS_COLUMNS = (
    "ticket_id",
    "source_account_id",
    "opened_at",
    "resolved_at",
    "reopened_count",
    "deleted_at",
    "known_at",
    "known_assumed",
)


@given(rows=TICKETS, later=TICKETS, seed=st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_rows_that_become_known_later_never_change_a_day(rows, later, seed):
    table = SOURCE_TABLES["tickets"]
    future = [
        {**row, "known_at": end_of(DAY) + timedelta(hours=1 + n)} for n, row in enumerate(later)
    ]
    distinct = {(row["ticket_id"], row["known_at"]): row for row in rows}
    known = list(distinct.values())
    before = as_of(table, versions("tickets", dict.fromkeys(TICKETS_COLUMNS), *known)[1:], DAY)
    mixed = seed.sample(known + future, len(known) + len(future))
    after = as_of(table, versions("tickets", dict.fromkeys(TICKETS_COLUMNS), *mixed)[1:], DAY)
    assert before.sort("ticket_id").equals(after.sort("ticket_id"))


@given(rows=TICKETS)
@settings(max_examples=50, deadline=None)
def test_what_a_day_sees_was_known_and_had_happened(rows):
    table = SOURCE_TABLES["tickets"]
    seen = as_of(table, versions("tickets", dict.fromkeys(TICKETS_COLUMNS), *rows)[1:], DAY)
    assert seen["ticket_id"].is_unique().all()
    for name in ("known_at", "opened_at", "resolved_at"):
        assert (seen[name].drop_nulls() <= end_of(DAY)).all()
