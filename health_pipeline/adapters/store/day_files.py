"""Rows of many days become one Parquet file a day, with the memory of a few row groups.

Rows stay in the order in which they came, so that equal input gives equal bytes. Beside each row
stands a small number of its key, by which a reader finds copies without reading the key's text
(docs/adr/0030-numbers-of-event-ids.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import polars as pl

from health_pipeline.adapters.store.draft import ROW_GROUP

HELD = 4 * ROW_GROUP
"""Rows that wait in memory for their row group to fill, over all days."""

OPEN = 128
"""Files that are written to at once; a day that comes back later gets a second one."""

SMALL = ROW_GROUP // 4
"""A file of smaller row groups on average is written again."""

PROVIDED = "provided"
"""Key in the file's metadata: the columns that a source delivered, the others being all null."""

KEY_HASH = "key_hash"
"""A column of every file, and in its metadata a mark of the function that gave it: numbers of two
functions cannot be compared. 32 bits: equal keys have equal numbers, and few others."""

Schema = Mapping[str, pl.DataType]


class DayFiles:
    """Files below `folder` that grow as rows are added.

    Args:
        folder: an empty one.
        schema: of all rows.
        unique: columns whose values hardly repeat, of which `KEY_HASH` is made; a dictionary
            of them would be in vain.
    """

    def __init__(self, folder: Path, schema: Schema, unique: Collection[str]) -> None:
        self.folder, self.schema, self.unique = folder, schema, unique
        self.provided: set[str] = set()
        self._held: dict[date, list[pl.DataFrame]] = {}
        self._rows: Counter[date] = Counter()
        self._open: dict[date, Any] = {}
        self._files: dict[date, list[Path]] = {}

    def add(self, day: date, rows: pl.DataFrame, provided: Collection[str]) -> None:
        """Rows of one day, of which a source delivered the columns `provided`."""
        self.provided.update(provided)
        self._held[day] = [*self._held.pop(day, []), rows]  # touched last, it stands last
        self._rows[day] += rows.height
        if self._rows[day] >= ROW_GROUP:
            self._flush(day, self._rows[day] // ROW_GROUP * ROW_GROUP)
        while self._rows.total() > HELD:
            self._flush(first := next(iter(self._held)), self._rows[first])

    def close(self) -> dict[date, list[Path]]:
        """Write what waits; each day's files in the order of its rows."""
        for day in list(self._held):
            self._flush(day, self._rows[day])
        for day in list(self._open):
            self._shut(day)
        return dict(sorted(self._files.items()))

    def _flush(self, day: date, count: int) -> None:
        rows = pl.concat(self._held.pop(day))
        if count < rows.height:
            self._held[day] = [rows.slice(count)]
        self._rows[day] -= count
        _append(self._writer(day), rows.slice(0, count), self.unique)

    def _writer(self, day: date) -> Any:
        if day not in self._open:
            while len(self._open) >= OPEN:
                self._shut(next(iter(self._open)))
            files = self._files.setdefault(day, [])
            files.append(self.folder / f"{day}-{len(files)}.parquet")
            self._open[day] = _writer(files[-1], self.schema, self.unique)
        self._open[day] = writer = self._open.pop(day)
        return writer

    def _shut(self, day: date) -> None:
        writer = self._open.pop(day)
        writer.add_key_value_metadata(_told(self.provided))
        writer.close()


def slices(path: Path, schema: Schema) -> Iterator[pl.DataFrame]:
    """The rows of a file in its order; columns that it lacks are null."""
    scan = pl.scan_parquet(path, hive_partitioning=False)
    known = scan.collect_schema().names()
    shaped = scan.select(
        pl.col(name).cast(dtype) if name in known else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )
    height = scan.select(pl.len()).collect().item()
    for start in range(0, height, 2 * ROW_GROUP):
        yield shaped.slice(start, 2 * ROW_GROUP).collect()


def write_slices(
    path: Path,
    rows: Iterable[pl.DataFrame],
    schema: Schema,
    unique: Collection[str],
    provided: Collection[str],
) -> int:
    """One file of all `rows`, in full row groups; returns how many rows there are."""
    height, waiting = 0, pl.DataFrame(schema=dict(schema))
    with _writer(path, schema, unique) as writer:
        for frame in rows:
            height += frame.height
            waiting = pl.concat([waiting, frame])
            whole = waiting.height // ROW_GROUP * ROW_GROUP
            _append(writer, waiting.slice(0, whole), unique)
            waiting = waiting.slice(whole)
        _append(writer, waiting, unique)
        writer.add_key_value_metadata(_told(provided))
    return height


def provided_in(path: Path) -> frozenset[str]:
    """Columns of the file that a source delivered; all of them where it does not say."""
    said = pl.read_parquet_metadata(path).get(PROVIDED)
    names = said.split(",") if said is not None else pl.read_parquet_schema(path)
    return frozenset(names)


def is_fragmented(path: Path) -> bool:
    """Whether its row groups are so small that readers would feel it."""
    import pyarrow.parquet as pq

    found = pq.read_metadata(path)
    return bool(found.num_row_groups > 1 and found.num_rows < SMALL * found.num_row_groups)


def _told(provided: Collection[str]) -> dict[str, str]:
    """What the metadata of a file says."""
    probe = pl.DataFrame({"probe": ["a", "bc"]}).select(_key_hash(["probe"])).to_series()
    return {PROVIDED: ",".join(sorted(provided)), KEY_HASH: "-".join(map(str, probe))}


def _key_hash(unique: Collection[str]) -> pl.Expr:
    """Of polars, whose function may change from release to release."""
    numbers = (pl.col(name).hash(seed=1) for name in sorted(unique))
    low = reduce(lambda one, other: one ^ other, numbers) & pl.lit(2**32 - 1, pl.UInt64)
    return low.cast(pl.UInt32).alias(KEY_HASH)


def _append(writer: Any, rows: pl.DataFrame, unique: Collection[str]) -> None:
    if rows.height:
        whole = rows.with_columns(_key_hash(unique))
        table = whole.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer.write_table(table, row_group_size=ROW_GROUP)


def _writer(path: Path, schema: Schema, unique: Collection[str]) -> Any:
    """Times as differences (they are nearly sorted), repeated text by dictionary.

    Numbers of keys stand as they are: nothing makes them smaller.
    """
    import pyarrow.parquet as pq

    whole = {**schema, KEY_HASH: pl.UInt32()}
    empty = pl.DataFrame(schema=whole).to_arrow(compat_level=pl.CompatLevel.oldest())
    moments = [name for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)]
    return pq.ParquetWriter(
        path,
        empty.schema,
        compression={**dict.fromkeys(schema, "zstd"), KEY_HASH: "none"},
        compression_level=dict.fromkeys(schema, 1),
        use_dictionary=[name for name in schema if name not in {*moments, *unique}],
        column_encoding=dict.fromkeys(moments, "DELTA_BINARY_PACKED"),
    )
