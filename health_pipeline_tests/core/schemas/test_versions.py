"""Which versions a record has after several landings (contracts.md, "Hand in")."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.schemas.landing import land
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import KNOWN_SINCE_EVER, as_of, end_of
from health_pipeline_tests.core.schemas.landings import FIRST, LATER, account, landed, rows, utc

JAN, FEB, JULY = utc("2024-01-01"), utc("2024-02-01"), utc("2024-07-01")
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
        "a value that is in force returns on its date, after what the same file says until then",
        [
            (FIRST, [account(name="A", created_at=JULY, known_at=end_of(FIRST))]),
            (LATER, [account(name="B"), account(name="A", created_at=JULY)]),
        ],
        [("A", end_of(FIRST)), ("B", end_of(LATER)), ("A", JULY)],
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
            (FIRST, [account(name="A", created_at=JULY)]),
            (LATER, [account(name="B", created_at=utc("2024-06-15"))]),
        ],
        [("B", utc("2024-06-15"))],
        [],
    ),
    (
        "a plan that is told otherwise before its date is no conflict",
        [
            (FIRST, [account(name="A", created_at=JULY)]),
            (LATER, [account(name="B", created_at=JULY)]),
        ],
        [("B", utc("2024-07-01"))],
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


def test_an_overruled_row_has_its_place():
    _, quarantine = land(SOURCE_TABLES["accounts"], rows("accounts", A_JAN, B_JAN), None, FIRST)
    assert quarantine["origin"].to_list() == ["accounts.csv:2"]
    dated = [account(name=name, known_at=JAN) for name in "AB"]
    old, _ = land(SOURCE_TABLES["accounts"], rows("accounts", dated[0]), None, FIRST)
    assert "line" not in old.columns
    _, quarantine = land(SOURCE_TABLES["accounts"], rows("accounts", dated[1]), old, LATER)
    assert quarantine["origin"].to_list() == ["accounts.csv"]


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
@settings(max_examples=50, deadline=None)
def test_landing_the_same_rows_again_changes_nothing(first, second, days):
    base = landed("accounts", rows("accounts", *first), None, FIRST)
    once = landed("accounts", rows("accounts", *second), base, LATER)
    again = landed("accounts", rows("accounts", *second), once, LATER + timedelta(days))
    assert base.equals(landed("accounts", rows("accounts", *first), base, LATER))
    assert once.equals(again)


@given(cells=ACCOUNTS, seed=st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_rows_known_at_different_times_does_not_matter(cells, seed):
    dated = [row | {"known_at": utc("2024-01-01") + timedelta(n)} for n, row in enumerate(cells)]
    shuffled = seed.sample(dated, len(dated))
    straight = land(SOURCE_TABLES["accounts"], rows("accounts", *dated), None, FIRST)
    mixed = land(SOURCE_TABLES["accounts"], rows("accounts", *shuffled), None, FIRST)
    assert straight[0].equals(mixed[0])
    assert straight[1].is_empty()


@given(first=ACCOUNTS, second=UNTIMED)
@settings(max_examples=50, deadline=None)
def test_a_later_landing_without_times_never_changes_an_earlier_day(first, second):
    table = SOURCE_TABLES["accounts"]
    base = landed("accounts", rows("accounts", *first), None, FIRST)
    grown = landed("accounts", rows("accounts", *second), base, LATER)
    for day in (FIRST, LATER - timedelta(1)):
        assert as_of(table, base, day).equals(as_of(table, grown, day))
    assert grown["known_at"].null_count() == 0
