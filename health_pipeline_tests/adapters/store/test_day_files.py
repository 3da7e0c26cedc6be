"""Rows of many days in one file a day: all of them, in their order, in row groups worth reading."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pyarrow.parquet as pq
import pytest

from health_pipeline.adapters.store import day_files
from health_pipeline.adapters.store.day_files import (
    KEY_HASH,
    DayFiles,
    is_fragmented,
    provided_in,
    slices,
    write_slices,
)

SCHEMA = {"id": pl.String(), "at": pl.Datetime("us", "UTC"), "n": pl.Int64()}
FIRST = date(2025, 1, 1)


def rows(start: int, count: int) -> pl.DataFrame:
    n = pl.int_range(start, start + count, eager=True).alias("n")
    at = (n * 1_000_000).cast(pl.Datetime("us", "UTC")).alias("at")
    return pl.DataFrame([n.cast(pl.String).alias("id"), at, n]).cast(SCHEMA)


def read(file):
    return pl.read_parquet(file).drop(KEY_HASH)


def write(folder, batches):
    folder.mkdir()
    files = DayFiles(folder, SCHEMA, ("id",))
    for day, frame in batches:
        files.add(day, frame, ("id", "n"))
    return files.close()


BATCHES = [
    # why, days in the order of arrival, rows of each batch
    ("one day", [0] * 9, 40),
    ("day after day", [0, 0, 0, 1, 1, 1, 2, 2, 2], 40),
    ("all days at once", [n % 7 for n in range(70)], 13),
    ("more days than are open", [n % 40 for n in range(200)], 3),
    ("a day that comes back", [0, *range(1, 30), 0], 60),
]


@pytest.mark.parametrize(("why", "days", "size"), BATCHES, ids=[c[0] for c in BATCHES])
def test_nothing_is_lost_and_order_is_kept(why, days, size, tmp_path, monkeypatch):
    monkeypatch.setattr(day_files, "ROW_GROUP", 100)
    monkeypatch.setattr(day_files, "HELD", 400)
    monkeypatch.setattr(day_files, "OPEN", 4)
    batches = [(FIRST + timedelta(days=day), rows(n * size, size)) for n, day in enumerate(days)]
    found = write(tmp_path / "one", batches)
    assert list(found) == sorted({day for day, _ in batches})
    for day, files in found.items():
        expected = pl.concat(frame for one, frame in batches if one == day)
        assert pl.concat(read(file) for file in files).equals(expected), why
        assert all(provided_in(file) == {"id", "n"} for file in files)
    again = write(tmp_path / "two", batches)
    assert [[file.read_bytes() for file in files] for files in found.values()] == [
        [file.read_bytes() for file in files] for files in again.values()
    ]


def test_a_day_that_came_in_one_go_has_full_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(day_files, "ROW_GROUP", 100)
    monkeypatch.setattr(day_files, "SMALL", 25)
    ((file,),) = write(tmp_path / "one", [(FIRST, rows(n * 70, 70)) for n in range(5)]).values()
    found = pq.read_metadata(file)
    assert [found.row_group(n).num_rows for n in range(found.num_row_groups)] == [100, 100, 100, 50]
    assert not is_fragmented(file)


def test_scraps_are_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr(day_files, "ROW_GROUP", 100)
    monkeypatch.setattr(day_files, "SMALL", 25)
    scraps, whole = tmp_path / "scraps.parquet", tmp_path / "whole.parquet"
    rows(0, 95).write_parquet(scraps, row_group_size=5)
    assert is_fragmented(scraps)
    height = write_slices(whole, slices(scraps, SCHEMA), SCHEMA, ("id",), ("n",))
    assert height == 95
    assert not is_fragmented(whole)
    assert read(whole).equals(rows(0, 95))
    assert provided_in(whole) == {"n"}


def test_equal_keys_have_equal_numbers_and_the_file_says_by_which_function(tmp_path):
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    for file, start in ((one, 0), (other, 50)):
        write_slices(file, [rows(start, 100)], SCHEMA, ("id",), ("id",))
    found = [pl.read_parquet(file, columns=["id", KEY_HASH]) for file in (one, other)]
    both = found[0].join(found[1], on="id", suffix="_other")
    assert both.height == 50
    assert both[KEY_HASH].equals(both[f"{KEY_HASH}_other"].alias(KEY_HASH))
    assert found[0][KEY_HASH].n_unique() == 100
    told = {pl.read_parquet_metadata(file)[KEY_HASH] for file in (one, other)}
    assert len(told) == 1
    assert told != {""}


def test_a_file_of_fewer_columns_is_read_in_the_shape_of_today(tmp_path):
    rows(0, 3).drop("n").write_parquet(tmp_path / "old.parquet")
    (found,) = slices(tmp_path / "old.parquet", SCHEMA)
    assert dict(found.schema) == SCHEMA
    assert found["n"].null_count() == 3
    assert provided_in(tmp_path / "old.parquet") == {"id", "at"}
