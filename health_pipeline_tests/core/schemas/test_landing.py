"""Since when a row is known, and which versions a record has (contracts.md, "Hand in")."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.schemas.landing import STAMPS, land
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import KNOWN_SINCE_EVER, as_of, end_of

FIRST, LATER = date(2024, 6, 1), date(2024, 6, 10)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows(table: str, *cells: dict) -> pl.DataFrame:
    """Rows as the file source gives them: the columns that `cells` name, typed, and `origin`."""
    contract = SOURCE_TABLES[table]
    given_names = {name for row in cells for name in row} | set(contract.key)
    schema = {n: d for n, d in contract.schema.items() if n in given_names}
    given_cells = [{"source": "s", **row} for row in cells]
    return pl.DataFrame(given_cells, schema=schema).with_columns(origin=pl.lit(f"{table}.csv"))


def account(key: str = "1", **cells) -> dict:
    return {"source_account_id": key, **cells}


def landed(table: str, new: pl.DataFrame, previous: pl.DataFrame | None, day: date) -> pl.DataFrame:
    return land(SOURCE_TABLES[table], new, previous, day)[0]


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


JAN, FEB = utc("2024-01-01"), utc("2024-02-01")
A_JAN, B_JAN, C_JAN = (account(name=name, created_at=JAN) for name in "ABC")
VERSIONS = [
    # why, landings (day, rows in file order), (name, known_at) that remain, overruled names
    (
        "an identical row keeps its first known_at",
        [(FIRST, [A_JAN]), (LATER, [A_JAN])],
        [("A", JAN)],
        [],
    ),
    (
        "a changed row is a new version",
        [(FIRST, [A_JAN]), (LATER, [B_JAN])],
        [("A", JAN), ("B", end_of(LATER))],
        [],
    ),
    (
        "a value that returns is a new version",
        [
            (date(2024, 6, day), [account(name=name, created_at=JAN)])
            for day, name in ((1, "A"), (2, "B"), (3, "A"))
        ],
        [("A", JAN), ("B", end_of(date(2024, 6, 2))), ("A", end_of(date(2024, 6, 3)))],
        [],
    ),
    (
        "a record that is gone from the file stays known",
        [(FIRST, [A_JAN]), (LATER, [])],
        [("A", JAN)],
        [],
    ),
    (
        "equal rows are one",
        [(FIRST, [A_JAN, A_JAN])],
        [("A", JAN)],
        [],
    ),
    (
        "of different ones the last in file order counts",
        [(FIRST, [account(name=n, created_at=JAN) for n in ("A", "B", "C")])],
        [("C", JAN)],
        ["A", "B"],
    ),
    (
        "an overruled row does not come back with the next landing of the same file",
        [(day, [account(name=n, created_at=JAN) for n in ("A", "B")]) for day in (FIRST, LATER)],
        [("B", JAN)],
        ["A"],
    ),
    (
        "a history without known_at in one file, landed twice in any order",
        [
            (FIRST, [account(name="B", created_at=FEB), A_JAN]),
            (LATER, [account(name="B", created_at=FEB), A_JAN]),
        ],
        [("A", JAN), ("B", FEB)],
        [],
    ),
    (
        "versions that the source dates, and one of them corrected",
        [
            (FIRST, [account(name="A", known_at=JAN), account(name="B", known_at=FEB)]),
            (LATER, [account(name="A", known_at=JAN), account(name="C", known_at=FEB)]),
        ],
        [("A", JAN), ("C", FEB)],
        ["B"],
    ),
    (
        "the same day landed again with another value",
        [
            (FIRST, [A_JAN]),
            (LATER, [B_JAN]),
            (LATER, [C_JAN]),
        ],
        [("A", JAN), ("C", end_of(LATER))],
        ["B"],
    ),
    (
        "a plan that was moved forward does not overtake its correction",
        [
            (FIRST, [account(name="A", created_at=utc("2024-07-01"))]),
            (LATER, [account(name="B", created_at=utc("2024-06-15"))]),
        ],
        [("B", utc("2024-06-15"))],
        [],
    ),
    (
        "a column that appears later makes versions only where it says something",
        [
            (FIRST, [account(name="A"), account("2", name="B")]),
            (LATER, [account(name="A", plan="Pro"), account("2", name="B", plan=None)]),
        ],
        [("A", KNOWN_SINCE_EVER), ("A", end_of(LATER)), ("B", KNOWN_SINCE_EVER)],
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "landings", "remain", "overruled"), VERSIONS)
def test_versions(why, landings, remain, overruled):
    found, quarantine = None, None
    for day, cells in landings:
        names = {name for _, row_cells in landings for row in row_cells for name in row}
        new = rows("accounts", *cells) if cells else rows("accounts", dict.fromkeys(names)).clear()
        found, quarantine = land(SOURCE_TABLES["accounts"], new, found, day)
    assert found is not None
    assert quarantine is not None
    assert found.select("name", "known_at").rows() == remain, why
    assert quarantine["rule"].unique().to_list() == (["conflicting_version"] if overruled else [])
    assert [json.loads(value)["name"] for value in quarantine["value"]] == overruled, why


def event(key: str, occurred: str, received: str | None = None) -> dict:
    received_at = utc(received) if received else None
    return {
        "event_id": key,
        "event_name": "open",
        "occurred_at": utc(occurred),
        "received_at": received_at,
    }


LATER_END = "2024-06-10T23:59:59.999999"
AHEAD = event("e", "2024-01-07", "2024-01-05")
EVENTS = [
    # why, first landing?, event, known_at, assumed
    ("received later", True, event("e", "2024-01-02", "2024-01-05"), "2024-01-05", False),
    ("a client clock two days ahead", True, AHEAD, "2024-01-07", False),
    ("first landing, no time of arrival", True, event("e", "2024-01-02"), "2024-01-02", True),
    ("later landing, received", False, event("e", "2024-01-02", "2024-01-05"), "2024-01-05", False),
    ("later landing, no time of arrival", False, event("e", "2024-01-02"), LATER_END, False),
    ("later landing, still to come", False, event("e", "2024-07-02"), "2024-07-02", True),
]  # fmt: skip


@pytest.mark.parametrize(("why", "first", "row", "known", "assumed"), EVENTS)
def test_events_are_known_when_received(why, first, row, known, assumed):
    new = rows("events", row)
    found, _ = land(SOURCE_TABLES["events"], new, None if first else new.clear(), LATER)
    assert found.select("known_at", "known_assumed").rows() == [(utc(known), assumed)], why


def test_events_keep_their_order_and_their_copies():
    new = rows(
        "events", event("b", "2024-01-02"), event("a", "2024-01-01"), event("b", "2024-01-02")
    )
    found, quarantine = land(SOURCE_TABLES["events"], new, None, FIRST)
    assert found["event_id"].to_list() == ["b", "a", "b"]
    assert quarantine.is_empty()
    assert found.columns == [*(c for c in new.columns if c != "origin"), *STAMPS]


def test_events_of_a_clock_that_was_never_set_are_quarantined():
    new = rows("events", event("a", "1999-12-31T23:59:59"), event("b", "2000-01-01"))
    found, quarantine = land(SOURCE_TABLES["events"], new, None, FIRST)
    assert found["event_id"].to_list() == ["b"]
    row = quarantine.row(0, named=True)
    assert (row["rule"], row["origin"], row["at"]) == ("before_2000", "events.csv", end_of(FIRST))
    assert json.loads(row["key"]) == {"source": "s", "event_id": "a"}
    assert row["value"].startswith("1999-12-31 23:59:59")


MOMENTS = st.one_of(st.none(), st.integers(-40, 40).map(lambda n: utc("2024-06-05") + timedelta(n)))


def accounts(known: st.SearchStrategy) -> st.SearchStrategy:
    cells = {
        "source_account_id": st.sampled_from("12"),
        "name": st.sampled_from(["A", "B", None]),
        "created_at": MOMENTS,
        "known_at": known,
    }
    return st.lists(st.fixed_dictionaries(cells), min_size=1, max_size=8)


UNTIMED = accounts(st.none())
TIMED = accounts(st.integers(0, 40).map(lambda n: end_of(FIRST) - timedelta(n)))
ACCOUNTS = UNTIMED | TIMED  # a source can tell, or it cannot


@given(first=ACCOUNTS, second=ACCOUNTS, days=st.integers(0, 5))
@settings(max_examples=1500, deadline=None)
def test_landing_the_same_rows_again_changes_nothing(first, second, days):
    base = landed("accounts", rows("accounts", *first), None, FIRST)
    once = landed("accounts", rows("accounts", *second), base, LATER)
    again = landed("accounts", rows("accounts", *second), once, LATER + timedelta(days))
    assert base.equals(landed("accounts", rows("accounts", *first), base, LATER))
    assert once.equals(again)


@given(cells=ACCOUNTS, seed=st.randoms(use_true_random=False))
@settings(max_examples=1500, deadline=None)
def test_the_order_of_rows_known_at_different_times_does_not_matter(cells, seed):
    dated = [row | {"known_at": utc("2024-01-01") + timedelta(n)} for n, row in enumerate(cells)]
    shuffled = seed.sample(dated, len(dated))
    straight = land(SOURCE_TABLES["accounts"], rows("accounts", *dated), None, FIRST)
    mixed = land(SOURCE_TABLES["accounts"], rows("accounts", *shuffled), None, FIRST)
    assert straight[0].equals(mixed[0])
    assert straight[1].is_empty()


@given(first=ACCOUNTS, second=UNTIMED)
@settings(max_examples=1500, deadline=None)
def test_a_later_landing_without_times_never_changes_an_earlier_day(first, second):
    table = SOURCE_TABLES["accounts"]
    base = landed("accounts", rows("accounts", *first), None, FIRST)
    grown = landed("accounts", rows("accounts", *second), base, LATER)
    for day in (FIRST, LATER - timedelta(1)):
        assert as_of(table, base, day).equals(as_of(table, grown, day))
    assert grown["known_at"].null_count() == 0


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
