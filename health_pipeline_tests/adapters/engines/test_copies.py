"""Of the copies of an event the one known first counts; the others are told."""

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.adapters.store.day_files import KEY_HASH
from health_pipeline_tests.adapters.engines.landed import at, event, jan, landed, rolled_up


@pytest.mark.parametrize(
    ("why", "events", "first", "last", "events_counted", "duplicates"),
    [
        ("a copy", [event(), event()], 1, 20, 1, 1),
        ("the same id of another source", [event(), event(source="crm")], 1, 20, 1, 0),
        ("a copy that arrives later", [event(), event(known=at(9))], 1, 20, 1, 1),
        ("… is not counted by the later run", [event(), event(known=at(9))], 9, 9, 0, 1),
        ("… nor seen by the earlier", [event(), event(known=at(9))], 1, 8, 1, 0),
        ("neither copy in the range", [event(), event(known=at(9))], 10, 20, 0, 0),
        ("an event out of the range", [event()], 6, 20, 0, 0),
        ("a copy stamped anew after midnight", [event(), event(day=6)], 1, 20, 1, 1),
        ("… not counted by the next day's run", [event(), event(day=6)], 6, 6, 0, 1),
        ("the same id two days later is another event", [event(), event(day=7)], 1, 20, 2, 0),
        (
            "each day anew: copies of the copy before",
            [event(day=d) for d in (5, 6, 7)],
            1,
            20,
            1,
            2,
        ),
        ("stamped back: first known wins", [event(), event(day=4, known=at(6))], 1, 20, 1, 1),
        ("one id for everything", [event(feature=f"f{n}") for n in range(50)], 1, 20, 1, 49),
    ],
)
def test_copies(run, why, events, first, last, events_counted, duplicates):
    found = run(*events, first=jan(first), last=jan(last))
    again = found.duplicates + found.conflicts
    assert (found.activity["events"].sum(), again) == (events_counted, duplicates), why


def test_the_copy_known_first_decides_what_happened(run):
    early, late = event(known=at(6), feature="api"), event(known=at(7), feature="reports")
    for order in ([early, late], [late, early]):
        found = run(*order).activity
        assert found.select("known_on", "features").rows() == [(jan(6), 2)]


@pytest.mark.parametrize(
    ("why", "first", "again", "differs"),
    [
        ("equal in all", {}, {}, None),
        ("equal, known later", {}, {"known": at(9)}, None),
        ("equal, both without a feature", {"feature": None}, {"feature": None}, None),
        ("the feature", {"feature": "api"}, {"feature": "reports"}, "feature"),
        ("a feature, where there was none", {"feature": None}, {"feature": "api"}, "feature"),
        ("the user", {"source_user_id": "u"}, {"source_user_id": "v"}, "source_user_id"),
        ("the time", {}, {"day": at(5, 13), "known": at(6)}, "occurred_at"),
        (
            "several",
            {"quantity": 1.0},
            {"quantity": 2.0, "event_name": "logout", "known": at(6)},
            "event_name, quantity",
        ),
    ],
)
def test_copies_that_say_something_else_are_told_apart(run, why, first, again, differs):
    columns = {name: None for name in {**first, **again} if name in {"feature", "quantity"}}
    rows = [event(**columns | first), event(**columns | again)]
    for order in (rows, rows[::-1]):
        found = run(*order, files=2)
        assert found.activity["events"].sum() == (first.get("quantity") or 1), why
        expected = (0, 1, [differs]) if differs else (1, 0, [])
        sample = found.conflict_sample["differs"].to_list()
        assert (found.duplicates, found.conflicts, sample) == expected, why


def test_of_three_copies_only_those_unlike_the_first_are_conflicts(run):
    found = run(
        event(feature="api"),
        event(feature="api", known=at(7)),
        event(feature="reports", known=at(8)),
    )
    assert (found.duplicates, found.conflicts) == (1, 1)
    assert found.conflict_sample.rows() == [("app", "e", jan(8), "feature")]
    assert found.activity["features"].to_list() == [2]


def test_a_sample_of_conflicts_is_enough(run):
    rows = [event(f"e{n:02}", feature=name) for n in range(30) for name in ("api", "reports")]
    found = run(*rows)
    assert (found.conflicts, found.conflict_sample.height) == (30, 20)
    assert found.conflict_sample["event_id"].to_list() == sorted(f"e{n:02}" for n in range(20))


def test_an_id_that_means_two_events_by_chance_loses_none(run, monkeypatch):
    """Results do not depend on the hash: not even on one that is the same for everything."""
    rows = [
        event(f"e{n % 7}", source=("app", "crm")[n % 2], known=at(5 + n % 4)) for n in range(40)
    ]
    ranges = [(jan(1), jan(20)), (jan(6), jan(6)), (jan(7), jan(20))]
    usual = [run(*rows, files=3, first=first, last=last) for first, last in ranges]
    assert usual[0].activity["events"].sum() == 7
    monkeypatch.setattr("health_pipeline.adapters.engines.duckdb.ID", "7")
    for (first, last), expected in zip(ranges, usual, strict=True):
        found = run(*rows, files=3, first=first, last=last)
        assert found.activity.equals(expected.activity)
        assert found.unresolved.equals(expected.unresolved)
        assert found.duplicates == expected.duplicates


FUNCTIONS = [
    # why, the mark that each of the two files bears, whether the numbers are those of the id
    ("numbers of one function", ("f", "f"), True),
    ("of two functions, which cannot be compared", ("f", "g"), False),
    ("one file of an earlier release", ("f", None), False),
]


@pytest.mark.parametrize(("why", "marks", "right"), FUNCTIONS, ids=[c[0] for c in FUNCTIONS])
def test_numbers_of_the_files_are_used_where_they_can_be_compared(why, marks, right, tmp_path):
    """Wrong numbers hide the copies, so the count tells which numbers were used."""
    paths = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    for n, (path, mark) in enumerate(zip(paths, marks, strict=True)):
        rows = landed([event(f"e{k}", known=at(6 + n)) for k in range(20)])
        number = pl.int_range(pl.len(), dtype=pl.UInt32) + (0 if right else 100 * n)
        if mark is None:
            rows.write_parquet(path)
        else:
            told = rows.with_columns(number.alias(KEY_HASH))
            told.write_parquet(path, metadata={KEY_HASH: mark})
    found = rolled_up(paths)
    assert (found.activity["events"].sum(), found.duplicates) == (20, 20), why


def test_numbers_that_hide_copies_would_be_seen(tmp_path):
    """What the cases above rest on."""
    paths = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    for n, path in enumerate(paths):
        rows = landed([event(known=at(6 + n))])
        told = rows.with_columns(pl.lit(n, pl.UInt32).alias(KEY_HASH))
        told.write_parquet(path, metadata={KEY_HASH: "f"})
    assert rolled_up(paths).activity["events"].sum() == 2
