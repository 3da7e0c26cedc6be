"""Since when a row is known (contracts.md, "Hand in")."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from health_pipeline.core.schemas.landing import STAMPS, land
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import KNOWN_SINCE_EVER, end_of
from health_pipeline_tests.core.schemas.landings import FIRST, LATER, account, landed, rows, utc

INVOICE = {
    "invoice_id": "i", "source_account_id": "1", "due_on": date(2024, 5, 1), "amount": 1
}  # fmt: skip
USAGE = {"source_account_id": "1", "metric": "event:open", "value": 3.0}
FIRST_LANDING = [
    # why, table, row, known_at, assumed
    (
        "the source can tell",
        "accounts",
        account(created_at=utc("2024-01-02"), known_at=utc("2024-03-01T05:00")),
        utc("2024-03-01T05:00"),
        False,
    ),
    (
        "its own first moment",
        "accounts",
        account(created_at=utc("2024-01-02T03:04")),
        utc("2024-01-02T03:04"),
        True,
    ),
    (
        "the end of its own first date",
        "invoices",
        {**INVOICE, "issued_on": date(2024, 1, 2)},
        end_of(date(2024, 1, 2)),
        True,
    ),
    (
        "an aggregate: the end of its day",
        "usage_daily",
        {**USAGE, "day": date(2024, 1, 2)},
        end_of(date(2024, 1, 2)),
        True,
    ),
    ("no date of its own", "accounts", account(created_at=None), KNOWN_SINCE_EVER, True),
    ("no column with one", "accounts", account(name="Acme"), KNOWN_SINCE_EVER, True),
    (
        "a table without any",
        "account_links",
        account(kind="domain", value="a.com"),
        KNOWN_SINCE_EVER,
        True,
    ),
    (
        "a date to come is not known before it",
        "invoices",
        {**INVOICE, "issued_on": date(2025, 1, 2)},
        end_of(date(2025, 1, 2)),
        True,
    ),
]
MARCH = utc("2024-03-01")
LATER_LANDING = [
    ("the source can tell", "accounts", account(known_at=MARCH), MARCH, False),
    ("the run", "accounts", account(created_at=utc("2024-01-02")), end_of(LATER), False),
    ("the run, without a date", "accounts", account(), end_of(LATER), False),
    (
        "an aggregate landed by the run for its day",
        "usage_daily",
        {**USAGE, "day": LATER},
        end_of(LATER),
        False,
    ),
    (
        "never before its own first time",
        "invoices",
        {**INVOICE, "issued_on": date(2025, 1, 2)},
        end_of(date(2025, 1, 2)),
        True,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "table", "row", "known", "assumed"), FIRST_LANDING)
def test_first_landing(why, table, row, known, assumed):
    found, quarantine = land(SOURCE_TABLES[table], rows(table, row), None, FIRST)
    assert found.select("known_at", "known_assumed").rows() == [(known, assumed)], why
    assert quarantine.is_empty()
    assert quarantine.schema == RESULT_TABLES["quarantine"].columns


@pytest.mark.parametrize(("why", "table", "row", "known", "assumed"), LATER_LANDING)
def test_later_landing(why, table, row, known, assumed):
    nothing = landed(table, rows(table, row).clear(), None, FIRST)
    found = landed(table, rows(table, row), nothing, LATER)
    assert found.select("known_at", "known_assumed").rows() == [(known, assumed)], why


CATCHING_UP = [
    # why, table, row; landed by a run over the days from FIRST to LATER
    (
        "a day of the run: its end",
        "usage_daily",
        {**USAGE, "day": date(2024, 6, 4)},
        date(2024, 6, 4),
    ),
    ("its first day", "invoices", {**INVOICE, "issued_on": FIRST}, FIRST),
    ("a moment of it", "accounts", account(created_at=utc("2024-06-03T10:00")), date(2024, 6, 3)),
    ("a day before it: the run", "usage_daily", {**USAGE, "day": date(2024, 5, 31)}, LATER),
    ("without a date: the run", "accounts", account(), LATER),
]


@pytest.mark.parametrize(("why", "table", "row", "day"), CATCHING_UP)
def test_a_run_over_many_days_dates_rows_as_daily_runs_would(why, table, row, day):
    nothing = landed(table, rows(table, row).clear(), None, FIRST)
    found, _ = land(SOURCE_TABLES[table], rows(table, row), nothing, LATER, FIRST)
    assert found.select("known_at", "known_assumed").rows() == [(end_of(day), False)], why


def used(value: float, known: str | None) -> dict:
    return {**USAGE, "day": date(2024, 6, 1), "value": value, "known_at": known and utc(known)}


PAST = [
    # why, rows of usage_daily in the run for LATER (06-10), what lands beside 3.0 of 06-02
    ("what has landed says nothing", [used(3.0, "2024-06-02")], []),
    ("a time before the run: its start", [used(5.0, "2024-06-08")], [(5.0, "2024-06-10")]),
    ("a time of the run", [used(5.0, "2024-06-10T05:00")], [(5.0, "2024-06-10T05:00")]),
    ("… after the last one", [used(5.0, "2024-06-12")], [(5.0, "2024-06-12")]),
    (
        "of several the latest, in any order",
        [used(3.0, "2024-06-02"), used(7.0, "2024-06-09"), used(5.0, "2024-06-08")],
        [(7.0, "2024-06-10")],
    ),
    (
        "a value that returns",
        [used(5.0, "2024-06-08"), used(3.0, "2024-06-09")],
        [(3.0, "2024-06-10")],
    ),
]


@pytest.mark.parametrize(("why", "new", "expected"), PAST)
def test_what_is_rolled_up_is_known_from_the_run_that_lands_it(why, new, expected):
    table = SOURCE_TABLES["usage_daily"]
    before = landed("usage_daily", rows("usage_daily", used(3.0, "2024-06-02")), None, FIRST)
    found, quarantine = land(table, rows("usage_daily", *new), before, LATER)
    at = [(3.0, utc("2024-06-02")), *((value, utc(known)) for value, known in expected)]
    assert found.select("value", "known_at").rows() == at, why
    assert quarantine.is_empty()
    again, _ = land(table, rows("usage_daily", *new), found, date(2024, 6, 20))
    assert again.equals(found), "landed again it says nothing"


def test_an_older_version_that_arrives_late_overrules_no_newer_one():
    table, newer = SOURCE_TABLES["usage_daily"], used(3.0, "2024-06-02T05:00")
    before = landed("usage_daily", rows("usage_daily", newer), None, FIRST)
    older = rows("usage_daily", used(5.0, "2024-06-01T05:00"))
    found, _ = land(table, older, before, LATER)
    assert found["value"].to_list() == [5.0, 3.0]
    assert found["known_at"].to_list() == [utc("2024-06-01T05:00"), utc("2024-06-02T05:00")]


@pytest.mark.parametrize(
    "table", [t for t in SOURCE_TABLES.values() if t.name != "events"], ids=lambda t: t.name
)
def test_every_table_can_be_landed_whole(table):
    new = table_of_nulls(table.name)
    found, _ = land(table, new, None, FIRST)
    again, quarantine = land(table, new, found, LATER)
    assert again.equals(found)
    assert quarantine.is_empty()
    assert found.columns == [*(n for n in table.names if n != "known_at"), *STAMPS]


def table_of_nulls(name: str) -> pl.DataFrame:
    """One row with every column of the contract, null but for the source."""
    return rows(name, dict.fromkeys(SOURCE_TABLES[name].names) | {"source": "s"})


@pytest.mark.parametrize(("more", "disputed"), [({}, 0), ({"priority": "high"}, 1)])
def test_a_row_handed_in_as_it_was_with_its_deletion_is_no_dispute(more, disputed):
    ticket = {"source_account_id": "1", "ticket_id": "t", "opened_at": MARCH, "known_at": MARCH}
    table = SOURCE_TABLES["tickets"]
    before = landed("tickets", rows("tickets", {**ticket, "priority": "low"}), None, FIRST)
    gone = {**ticket, "priority": "low", "deleted_at": utc("2024-06-09"), **more}
    versions, conflicts = land(table, rows("tickets", gone), before, LATER)
    assert versions["deleted_at"].to_list() == [utc("2024-06-09")]
    assert conflicts.height == disputed
