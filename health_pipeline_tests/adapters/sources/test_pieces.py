"""A file in slices is the file: nothing is lost, doubled or torn, and every row keeps its line."""

from __future__ import annotations

import csv
import gzip
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.adapters.sources import readers
from health_pipeline.adapters.sources.delimited import read_delimited
from health_pipeline.adapters.sources.json_rows import read_json_lines
from health_pipeline.adapters.sources.params import TableMap
from health_pipeline.adapters.sources.raw import Place, SourceError
from health_pipeline.adapters.sources.readers import read_slices
from health_pipeline.adapters.sources.text import WHOLE, pieces

PLACE = Place("events", "events.csv")
CELL = st.text(alphabet='ab,"\n é', max_size=6)


def cut(path, size, *, quotes=True, encoding="utf-8"):
    return list(pieces(path, PLACE, encoding, quotes=quotes, size=size))


def together(raws):
    found = list(raws)
    return pl.concat(raw.frame for raw in found), pl.concat(raw.broken for raw in found)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=30), size=st.integers(30, 90))
def test_a_sound_csv_in_pieces_is_the_whole(rows, size, tmp_path_factory):
    path = tmp_path_factory.mktemp("pieces") / "x.csv"
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("a", "b"), *rows])
    path.write_text(out.getvalue(), encoding="utf-8")
    parts, (whole,) = cut(path, size), cut(path, WHOLE)
    assert b"".join(part.data for part in parts) == whole.data
    read = together(read_delimited(parts, PLACE, ",", ("a", "b")))
    expected = together(read_delimited([whole], PLACE, ",", ("a", "b")))
    assert read[0].equals(expected[0])
    assert read[1].equals(expected[1])


CUTS = [
    # why, content, encoding, bytes at once
    ("two-byte characters", "id\ncafé\nnaïve\n".encode(), "utf-8", 6),
    ("a byte order mark", b"\xef\xbb\xbfid\n1\n2\n", "utf-8-sig", 4),
    ("UTF-16", "id\nx1\nx2\n".encode("utf-16"), "utf-16", 5),
    ("line ends of old Macs", b"id\r1\r2\r\n3\r", "utf-8", 4),
    ("and UTF-16", "id\rx1\rx2\r".encode("utf-16"), "utf-16", 9),
    ("no line break at the end", b"id\n1\n2", "utf-8", 3),
    ("blank lines", b"id\n\n\n1\n\n2\n", "utf-8", 2),
]


@pytest.mark.parametrize(("why", "content", "encoding", "size"), CUTS)
def test_characters_and_lines_are_not_torn(why, content, encoding, size, tmp_path):
    (tmp_path / "x.csv").write_bytes(content)
    parts = cut(tmp_path / "x.csv", size, encoding=encoding)
    (whole,) = cut(tmp_path / "x.csv", WHOLE, encoding=encoding)
    assert len(parts) > 1, why
    assert b"".join(part.data for part in parts) == whole.data
    read, _ = together(read_delimited(parts, PLACE, ",", ("id",)))
    assert read.equals(together(read_delimited([whole], PLACE, ",", ("id",)))[0])


def test_a_stray_quote_does_not_hold_the_file_in_memory(tmp_path):
    lines = ["id,note", '1,"stray', *(f"{n},x" for n in range(2, 400))]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    parts = cut(tmp_path / "x.csv", 64)
    assert max(len(part.data) for part in parts) < 64 * 6
    read, broken = together(read_delimited(parts, PLACE, ",", ("id", "note")))
    assert broken.select("#line", "rule").rows() == [(2, "bad_quotes")]
    assert read["id"].to_list() == [str(n) for n in range(2, 400)]
    assert read["#line"].to_list() == list(range(3, 401))


def test_json_lines_know_the_columns_of_the_whole_file(tmp_path):
    path = tmp_path / "x.ndjson"
    path.write_text('{"id": 1}\n{"id": 2}\nno\n{"id": 3, "late": "x"}\n')
    raws = list(read_json_lines(lambda: iter(cut(path, 10, quotes=False)), ("id", "late")))
    read, broken = together(raws)
    assert len(raws) > 1
    assert read.rows() == [(1, "1", None), (2, "2", None), (4, "3", "x")]
    assert broken.rows() == [(3, "not_a_json_object", "no")]


def test_a_parquet_file_in_slices(tmp_path):
    pl.DataFrame({"id": range(10), "other": 1}).write_parquet(tmp_path / "x.parquet")
    raws = list(read_slices(tmp_path / "x.parquet", PLACE, TableMap(), ("id",), rows=4))
    assert [raw.frame.rows() for raw in raws] == [
        [(n + 1, n) for n in range(start, min(start + 4, 10))] for start in (0, 4, 8)
    ]
    assert raws[0].columns == ("id", "other")


LATE_ERRORS = [
    # why, name, content, what is said
    ("a gz cut short", "x.csv.gz", gzip.compress(b"id\n" + b"1\n" * 90, mtime=0)[:-5],
     "Compressed file ended before the end-of-stream marker"),
    ("a byte that is no UTF-8", "x.csv", b"id\n" + b"1\n" * 90 + b"\xe9\n",
     "byte 0xe9 at offset 183, line 92"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "name", "content", "said"), LATE_ERRORS)
def test_what_breaks_late_says_where(why, name, content, said, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(readers, "PIECE", 16)
    raws = read_slices(tmp_path / name, PLACE, TableMap(), ("id",))
    assert next(raws).frame.height > 0, "what came before the break was given already"
    with pytest.raises(SourceError, match=said):
        list(raws)
