"""Orders and groups found by numbers are those of the texts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.identity import columns
from health_pipeline.core.identity.columns import both_once_each, coded, distinct_of, first_rows
from health_pipeline.core.identity.landed import RECORD, recs_of
from health_pipeline.core.identity.order import anchor_order, key_order, ranks
from health_pipeline.core.identity.records import _keys_of
from health_pipeline.core.schemas.columns import TIMESTAMP

IDS = st.one_of(
    st.integers(0, 30).map(str),
    st.text("ab\0é", max_size=12),
    st.text("01", max_size=3).map("0015g00000AbCdE".__add__),
)
TIMES = st.one_of(
    st.integers(0, 3).map((3_600_000_000).__mul__), st.integers(-(2**57), 2**57), st.integers(0, 9)
)
SOURCES = st.sampled_from(["crm", "billing", "Crm", "", "é"])
RECORDS = st.lists(st.tuples(SOURCES, IDS, TIMES), max_size=40, unique_by=lambda row: row[:2]).map(
    lambda rows: pl.DataFrame(
        rows, {**dict.fromkeys(RECORD, pl.String()), "known_at": pl.Int64()}, orient="row"
    ).with_columns(pl.col("known_at").cast(TIMESTAMP))
)
VALUES = st.lists(st.sampled_from(["a", "b", "", "é", None, "aa"]), max_size=30).map(
    lambda values: pl.Series("v", values, dtype=pl.String)
)


@settings(deadline=None, max_examples=300)
@given(RECORDS)
def test_records_stand_in_order_of_time_source_and_id(records):
    assert records[anchor_order(records)].equals(records.sort("known_at", *RECORD))


@settings(deadline=None)
@given(RECORDS, st.data())
def test_known_numbers_of_rows_are_kept_and_the_others_found(records, data):
    numbered = records.with_columns(pl.int_range(pl.len()).alias("rec"))
    rows = numbered.sample(fraction=0.7, shuffle=True, seed=1)
    kept = [data.draw(st.booleans()) for _ in range(rows.height)]
    known = pl.Series(
        [rec if keep else None for rec, keep in zip(rows["rec"], kept, strict=True)], dtype=pl.Int64
    )
    assert recs_of(rows.drop("rec"), numbered, known).to_list() == rows["rec"].to_list()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 3)), max_size=40))
def test_keys_stand_by_their_first_record(rows):
    rows = list({row[:2]: row for row in rows}.values())
    key, rec, at = (np.array([row[n] for row in rows], dtype=np.int64) for n in range(3))
    first = {k: min(r for kk, r, _ in rows if kk == k) for k in key.tolist()}
    expected = sorted(range(len(rows)), key=lambda i: (first[key[i]], key[i], at[i], rec[i]))
    assert key_order(ranks(key, rec), rec, at).tolist() == expected


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=60))
def test_first_rows_of_hashes(keys):
    assert first_rows(pl.Series(keys, dtype=pl.UInt64)).tolist() == [keys.index(k) for k in keys]


def _of_one_hash(key: pl.Series) -> np.ndarray:
    return np.zeros(len(key), dtype=np.int64)


@settings(deadline=None)
@given(VALUES, st.booleans())
def test_distinct_values_also_where_all_have_one_hash(values, clash):
    kept = columns.first_rows
    columns.first_rows = _of_one_hash if clash else kept
    try:
        distinct, place = distinct_of(values)
    finally:
        columns.first_rows = kept
    assert distinct.gather(place).to_list() == values.to_list()
    assert sorted(map(str, distinct)) == sorted({str(value) for value in values})


@settings(deadline=None)
@given(VALUES)
def test_what_is_computed_once_each_is_that_of_every_value(values):
    found, code = coded(values, lambda texts: texts.str.to_uppercase())
    assert found.to_list() == values.str.to_uppercase().to_list()
    if code is not None:
        assert len(set(zip(code, found, strict=True))) == found.n_unique() == code.n_unique()
    one, other = both_once_each(values, lambda texts: (texts + "1", texts + "2"))
    assert (one.to_list(), other.to_list()) == ((values + "1").to_list(), (values + "2").to_list())


ONE_HASH = [
    # why, key of each record by time, place of its group
    ("two keys of one hash are two keys", "ab", [0, 1]),
    ("whatever order they come in", "abab", [0, 0, 1, 1]),
    ("a key alone", "aaa", [0, 0, 0]),
]


@pytest.mark.parametrize(("why", "keys", "groups"), ONE_HASH, ids=[c[0] for c in ONE_HASH])
def test_a_shared_hash_links_nobody(why, keys, groups):
    carried = pl.DataFrame(
        {"rec": range(len(keys)), "scope": "", "value": list(keys), "known_at": 0, "code": 0}
    ).with_columns(pl.col("known_at").cast(TIMESTAMP), pl.col("code").cast(pl.Int64))
    found = _keys_of("domain", [carried])
    assert found["group"].to_list() == groups
    assert found["value"].to_list() == sorted(keys)
