"""The order of account records and of their keys, found by numbers and not by texts."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.identity.forest import Ints
from health_pipeline.core.identity.landed import RECORD

_BITS = 64
_BYTES = 8
"""As many of an id as one number holds."""


def anchor_order(records: pl.DataFrame) -> Ints:
    """The rows of `records` by (known_at, source, source_account_id).

    One number sorts several times faster than texts do: time, source, and the first bits in which
    the ids of a source differ. Rows of one number are sorted by their texts.

    Args:
        records: source, source_account_id, known_at; none of them null.
    """
    if records.is_empty():
        return np.empty(0, dtype=np.int64)
    sources = records["source"].unique().sort()
    at = records["known_at"].to_physical().to_numpy()
    since = at - at.min()
    step = max(int(np.gcd.reduce(since)), 1)
    room = _BITS - (int(since.max()) // step * len(sources) + len(sources)).bit_length()
    if room < 1:
        return _by_texts(records)
    of_source = records["source"].cast(pl.Enum(sources)).to_physical().to_numpy()
    high = (since // step).astype(np.uint64) * np.uint64(len(sources)) + of_source
    low = _beginnings(records, sources) >> np.uint64(_BITS - room)
    number = (high << np.uint64(room)) | low
    order = pl.Series(number).arg_sort().to_numpy().astype(np.int64)
    same = np.diff(number[order]) == 0
    open_ = np.flatnonzero(np.append(same, [False]) | np.append([False], same))
    if open_.size:
        rows = order[open_]
        order[open_] = rows[_by_texts(records[rows])]
    return order


def _by_texts(records: pl.DataFrame) -> Ints:
    found = records.select(pl.arg_sort_by("known_at", *RECORD)).to_series()
    return found.to_numpy().astype(np.int64)


def _beginnings(records: pl.DataFrame, sources: pl.Series) -> NDArray[np.uint64]:
    """Of every id the bytes after those with which all ids of its source begin, as a number."""
    key = pl.col("source_account_id")
    ends = records.group_by("source").agg(key.min().alias("least"), key.max().alias("most"))
    shared = {
        name: _shared(least.encode(), most.encode()) for name, least, most in ends.iter_rows()
    }
    longest = max(shared.values())
    lengths = [shared[name] for name in sources]
    skipped = pl.lit(longest)
    if min(lengths) < longest:
        skipped = pl.col("source").replace_strict(sources, lengths, return_dtype=pl.Int64)
    # A character is a byte or more, so that no text is too short.
    padded = key.str.pad_end(longest + _BYTES, "\0").cast(pl.Binary).bin.slice(skipped, _BYTES)
    number = padded.bin.reinterpret(dtype=pl.UInt64, endianness="big")
    return records.select(number).to_series().to_numpy()


def _shared(one: bytes, other: bytes) -> int:
    """How many bytes stand at the beginning of both."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def key_order(rank: Ints, rec: Ints, at: Ints) -> Ints:
    """Rows by the place of their key among the keys, then time and record.

    Args:
        rank: see `ranks`.
        rec: the record of each row.
        at: the time of each row.
    """
    rows = _counted(rec)
    order = rows[_counted(rank[rows])]
    late = (np.diff(at[order]) < 0) & (np.diff(rank[order]) == 0)
    if late.any():
        again = np.zeros(int(rank.max()) + 1, dtype=np.bool_)
        again[rank[order[1:][late]]] = True
        places = np.flatnonzero(again[rank[order]])
        found = order[places]  # of one time in order of record
        found = found[np.argsort(at[found], kind="stable")]
        order[places] = found[_counted(rank[found])]
    return order


def ranks(key: Ints, rec: Ints) -> Ints:
    """For each row the place of its key by the first record that carries it, then by the key.

    Args:
        key: a number of each row, from 0 on and none much above the number of rows, the same for
            rows of one key.
        rec: the record of each row.
    """
    least = _least(key, rec)
    rank = np.empty(least.size, dtype=np.int64)
    rank[np.argsort(least, kind="stable")] = np.arange(least.size)
    return rank[key]


def ranks_of_single(key: Ints, rec: Ints) -> Ints:
    """`ranks` where each record carries one key, so that no two keys have the same first record."""
    return _least(key, rec)[key]


def _least(key: Ints, rec: Ints) -> Ints:
    """The least record of each key."""
    least = np.full(int(key.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, key, rec)
    return least


def _counted(number: Ints) -> Ints:
    """`argsort` of small numbers, stable, in linear time: a table is turned on its side."""
    from scipy.sparse import csr_array

    most = int(number.max(initial=0)) + 1
    begins = np.arange(number.size + 1, dtype=np.int32)
    ones = np.ones(number.size, dtype=np.int8)
    table = csr_array((ones, number.astype(np.int32), begins), shape=(number.size, most))
    return table.tocsc().indices.astype(np.int64)
