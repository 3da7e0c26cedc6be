"""The law of the door: every record of a file is a row, or left out by name, or in quarantine."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline_tests.adapters.sources.handed_in import read, write

CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "007", "-1", "2024-01-02", "27-01-2024", "nan", "true", "a,b", "a\nb"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=4),
)
FIELDS = ("source", "source_account_id", "name", "employees", "created_at", "kind")
RECORDS = st.lists(st.lists(CELLS, min_size=1, max_size=len(FIELDS) + 1), max_size=12)


def as_csv(records: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([FIELDS, *records])
    return out.getvalue()


@given(records=RECORDS)
@settings(max_examples=50, deadline=None)
def test_counts_of_a_csv_add_up(records):
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {"accounts.csv": as_csv(records)})
        found = read(Path(folder), "accounts", {"where": {"kind": ["", "1", "true"]}})
    rejected = found.quarantine["origin"].n_unique()
    assert found.rows.height + rejected + found.left_out == len(records)
    ragged = found.quarantine.filter(pl.col("rule") == "ragged_row")
    assert ragged.height == sum(len(record) != len(FIELDS) for record in records)


UNQUOTED = st.text(st.characters(codec="utf-8", exclude_characters='"'), max_size=12)


@given(lines=st.lists(UNQUOTED, max_size=8))
@settings(max_examples=50, deadline=None)
def test_any_text_at_all_is_read_or_quarantined_line_by_line(lines):
    text = "\n".join(" ".join(line.split()) for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        head = "source,source_account_id\n"
        found = read(write(Path(folder), {"accounts.csv": head + text}), "accounts")
    handed_in = sum(bool(line.strip()) for line in text.split("\n"))
    assert found.rows.height + found.quarantine["origin"].n_unique() == handed_in


PRINTABLE = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=6)


@given(names=st.lists(PRINTABLE, max_size=8))
@settings(max_examples=50, deadline=None)
def test_text_survives_the_way_in(names):
    ids = [f"{n:03}" for n in range(len(names))]
    rows = pl.DataFrame(
        {"source": ["crm"] * len(names), "source_account_id": ids, "name": names},
        schema=dict.fromkeys(("source", "source_account_id", "name"), pl.String),
    )
    with tempfile.TemporaryDirectory() as folder:
        rows.write_parquet(Path(folder) / "accounts.parquet")
        columnar = read(Path(folder), "accounts").rows
        (Path(folder) / "accounts.parquet").unlink()
        rows.write_ndjson(Path(folder) / "accounts.ndjson")
        lines = read(Path(folder), "accounts").rows
    expected = [name.strip() or None for name in names]
    assert columnar["name"].to_list() == expected
    assert lines.drop("origin").equals(columnar.drop("origin")) or not names
