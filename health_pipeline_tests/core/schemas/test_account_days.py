from __future__ import annotations

from datetime import date
from math import isnan

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from health_pipeline.core.schemas.account_days import (
    KEY,
    beside,
    by_day_account,
    looked_up,
    places,
    signal_rows,
)

MON, TUE = date(2026, 3, 30), date(2026, 3, 31)
ROWS = [  # in order; b has no "y" on Tuesday
    ("a", MON, "x", 1.0),
    ("a", MON, "y", 2.0),
    ("a", TUE, "x", 3.0),
    ("a", TUE, "y", 4.0),
    ("b", TUE, "x", 5.0),
]
SCHEMA = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "signal": pl.String(),
    "value": pl.Float64(),
}


def _frame(rows):
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _total(rows):
    return rows.total(rows.frame["value"].to_numpy()).tolist()


@pytest.mark.parametrize(
    ("why", "order"),
    [
        ("in order", [0, 1, 2, 3, 4]),
        ("day after day", [0, 1, 4, 2, 3]),
        ("signals the other way round", [1, 0, 3, 2, 4]),
        ("an account and day in two pieces", [0, 2, 4, 1, 3]),
        ("backwards", [4, 3, 2, 1, 0]),
    ],
)
def test_any_order_gives_the_same_rows_and_numbers(why, order):
    found = signal_rows(_frame([ROWS[i] for i in order]))
    assert found.frame.rows() == ROWS, why
    assert found.days.rows() == [("a", MON), ("a", TUE), ("b", TUE)]
    assert found.names == ["x", "y"]
    assert found.day.tolist() == [0, 0, 1, 1, 2]
    assert found.signal.tolist() == [0, 1, 0, 1, 0]
    assert _total(found) == [3.0, 7.0, 5.0]
    assert found.any((found.frame["value"] == 4.0).to_numpy()).tolist() == [False, True, False]


REGULAR = ROWS[:4]


@pytest.mark.parametrize(
    ("why", "rows", "signals"),
    [
        ("the same signals each day", REGULAR, [0, 1, 0, 1]),
        ("the second day first", [*REGULAR[2:], *REGULAR[:2]], [0, 1, 0, 1]),
        ("signals the other way round", [REGULAR[n] for n in (1, 0, 3, 2)], [0, 1, 0, 1]),
        ("one signal alone", [REGULAR[0], REGULAR[2]], [0, 0]),
        ("one signal twice", [REGULAR[0], REGULAR[0], *REGULAR[2:]], [0, 0, 0, 1]),
        ("one signal, twice each day", [REGULAR[0]] * 2 + [REGULAR[2]] * 2, [0, 0, 0, 0]),
        ("other accounts with the same signals", [ROWS[0], ROWS[4]], [0, 0]),
    ],
)
def test_rows_of_the_same_signals_are_numbered_as_any_others(why, rows, signals):
    found = signal_rows(_frame(rows))
    assert found.frame.rows() == sorted(rows, key=lambda row: (row[1], row[0], row[2])), why
    assert found.signal.tolist() == signals
    of_days = found.days.rows()
    assert [of_days[day] for day in found.day] == [row[:2] for row in found.frame.rows()]


@pytest.mark.parametrize(
    ("why", "keys", "found"),
    [
        ("all of them", "abc", [0, 1, 2]),
        ("all of them on two days", "abcabc", [0, 1, 2, 0, 1, 2]),
        ("some of them on two days", "acac", [0, 2, 0, 2]),
        ("one less on the second day", "abcab", [0, 1, 2, 0, 1]),
        ("others on the second day", "abac", [0, 1, 0, 2]),
        ("backwards", "cba", [2, 1, 0]),
        ("one that is not known", "axax", [0, None, 0, None]),
        ("the first is not known", "xaxa", [None, 0, None, 0]),
        ("one on three days", "bbb", [1, 1, 1]),
        ("nobody", "", []),
    ],
)
def test_places_of_accounts_in_the_list_of_all(why, keys, found):
    ids = pl.Series(["a", "b", "c"])
    assert places(pl.Series("account_id", list(keys), pl.String), ids).to_list() == found, why


def test_rows_that_are_numbered_already_are_taken_as_they_are():
    found = signal_rows(_frame(ROWS))
    assert signal_rows(found) is found


def test_a_row_that_is_there_twice_counts_twice():
    found = signal_rows(_frame([ROWS[0], ROWS[2], ROWS[0]]))
    assert found.days.rows() == [("a", MON), ("a", TUE)]
    assert _total(found) == [2.0, 3.0]


def test_no_rows():
    found = signal_rows(_frame([]))
    assert found.days.is_empty()
    assert _total(found) == []


SCORES = pl.DataFrame({"account_id": ["a", "b"], "date": [MON, TUE], "score": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("why", "keys", "scores"),
    [
        ("the same rows", [("a", MON), ("b", TUE)], [1.0, 2.0]),
        ("another order", [("b", TUE), ("a", MON)], [2.0, 1.0]),
        ("the same account on another day", [("a", TUE), ("b", TUE)], [None, 2.0]),
        ("fewer rows", [("b", TUE)], [2.0]),
        ("one more row", [("a", MON), ("b", TUE), ("c", TUE)], [1.0, 2.0, None]),
    ],
)
def test_beside_keeps_the_left_rows_and_their_order(why, keys, scores):
    left = pl.DataFrame(keys, schema={name: SCHEMA[name] for name in KEY}, orient="row")
    found = beside(left, SCORES)
    assert_frame_equal(found.select(KEY), left)
    assert found["score"].to_list() == scores, why


def test_what_is_said_of_a_signal_and_of_its_segment():
    rows = signal_rows(_frame(ROWS))
    segments = pl.DataFrame(
        {"account_id": ["a", "a"], "date": [TUE, MON], "segment": ["small", "big"]}
    )
    units = pl.DataFrame({"signal": ["x"], "unit": ["%"]})
    normal = pl.DataFrame(
        {"segment": ["big", "small"], "signal": ["y", "x"], "median": [70.0, 50.0]}
    )
    found = looked_up(rows, segments, units, normal)
    assert found.texts("segment").to_list() == ["big", "big", "small", "small", None]
    assert found.texts("unit").to_list() == ["%", None, "%", None, "%"]
    assert found.lacks("unit").tolist() == [False, True, False, True, False]
    medians = [None if isnan(one) else one for one in found.numbers("median").tolist()]
    assert medians == [None, 70.0, 50.0, None, None], "no segment is known: nothing is normal"


def test_only_what_is_out_of_order_is_sorted():
    ordered = _frame([ROWS[0], ROWS[2], ROWS[4]])
    assert by_day_account(ordered) is ordered
    assert_frame_equal(by_day_account(ordered.reverse()), ordered)
