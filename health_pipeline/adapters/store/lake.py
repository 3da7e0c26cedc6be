"""The lake: immutable Parquet run files, made visible by the manifest.

A file is written beside its place, synced, renamed, its folder synced; only then one transaction
swaps the manifest rows. A process killed anywhere leaves the old generation in force. In object
storage a put takes the place of the rename.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

import polars as pl

from health_pipeline.adapters.objects import ObjectStore
from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.draft import Draft, write_parquet
from health_pipeline.adapters.store.files import Bucket, Folder
from health_pipeline.adapters.store.manifest import Entry
from health_pipeline.adapters.store.owner import own
from health_pipeline.adapters.store.transaction import transaction

READ_AT_ONCE = 64
"""Files read together: polars keeps a thread for each of them, and has 512."""

SEED = 1
"""Of row hashes, which must be the same in every process."""

SCHEMAS_AT_ONCE = 8
"""Schemas read at once: a few bytes of each file, so that the disk is what is waited for."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A Parquet file of `height` rows that was written in pieces, being too large for memory."""

    path: Path
    height: int


@dataclass(frozen=True, slots=True)
class Write:
    """One partition to publish.

    Attributes:
        table: folder in the lake.
        partition: the day, or None for a table without partitions.
        frame: its rows, already in their final order; a file is copied as it is.
        volatile: columns that do not count as content (scored_at), so that a second run of the
            same day over the same data changes nothing.
    """

    table: str
    partition: date | None
    frame: pl.DataFrame | OnDisk
    volatile: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The partition as the manifest knows it."""
        return self.partition.isoformat() if self.partition else ""


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish did, in partitions and rows."""

    changed: int
    unchanged: int
    rows: int


class Lake:
    """The lake under `root`, with its manifest in `connection` (control.db).

    Where `store` is given the lake lies in object storage, and `root` is its cache on this machine.
    """

    def __init__(
        self, root: Path, connection: sqlite3.Connection, store: ObjectStore | None = None
    ) -> None:
        self.root = root
        self.connection = connection
        self._store = store
        self._places = Bucket(store, root) if store else Folder(root)

    def publish(self, writes: Sequence[Write], *, run_id: str, at: datetime) -> Published:
        """Make all `writes` visible at once; partitions whose content is unchanged stay.

        Raises:
            PublishConflictError: another run published one of the partitions in between.
            ControlError, ObjectError: a lake in object storage is not ours, or not reached.
        """
        self._claim()
        with ThreadPoolExecutor(self._places.writers) as pool:
            changes = self._changes(writes, pool)
            self._places.settle(entry.path for entry in changes)
        with transaction(self.connection):
            manifest.swap(self.connection, changes, at.astimezone(UTC).isoformat(), run_id)
        rows = sum(write.frame.height for write in writes)
        return Published(len(changes), len(writes) - len(changes), rows)

    def _claim(self) -> None:
        if self._store is not None:
            own(self.connection, self._store)

    def _changes(self, writes: Sequence[Write], pool: ThreadPoolExecutor) -> list[Entry]:
        """Write the files whose content is not visible already, and say what they are."""
        visible = {
            (entry.table, entry.partition): entry
            for table in {write.table for write in writes}
            for entry in manifest.entries(self.connection, table)
        }
        current = [visible.get((write.table, write.name)) for write in writes]
        return [entry for entry in pool.map(self._write, writes, current) if entry is not None]

    def _write(self, write: Write, current: Entry | None) -> Entry | None:
        partition = write.name
        folder = f"{write.table}/date={partition}" if partition else write.table
        draft = Draft(self.root / folder)
        try:
            _put(write.frame, draft)
            digest = _digest(write, draft)
            if current and current.digest == digest and self._places.holds(current):
                return None
            generation = current.generation + 1 if current else 1
            # Named by all its bytes: two runs that differ in volatile columns write two files.
            path = f"{folder}/{generation:06d}-{draft.digest[:12]}.parquet"
            self._places.keep(draft, path)
        finally:
            draft.drop()
        return Entry(
            write.table, partition, generation, path, write.frame.height, draft.size, digest
        )

    def export(self, path: str, content: bytes) -> None:
        """Write a file for people beside the tables, whole or not at all; it has no generations."""
        self._claim()
        draft = Draft((self.root / path).parent)
        try:
            draft.write(content)
            self._places.keep(draft, path)
        finally:
            draft.drop()
        self._places.settle([path])

    def tables(self) -> list[str]:
        """Names of the tables that have something visible."""
        return sorted({entry.table for entry in manifest.entries(self.connection)})

    def days(self, table: str) -> list[date]:
        """Days of which `table` has a visible partition, in order."""
        return [
            date.fromisoformat(entry.partition)
            for entry in manifest.entries(self.connection, table)
            if entry.partition
        ]

    def files(self, table: str, first: date | None = None, last: date | None = None) -> list[Path]:
        """Visible files of `table`, from `first` to `last` (both included) where given.

        They lie on this machine: of a lake in object storage the cache is filled first.

        Raises:
            ObjectError: an object cannot be fetched, or is not what the manifest says.
        """
        found = manifest.entries(
            self.connection,
            table,
            first.isoformat() if first else "",
            last.isoformat() if last else "9999-12-31",
        )
        return self._places.local(found)

    def day_rows(self, table: str) -> dict[date, int]:
        """How many rows each visible partition of `table` holds."""
        return {
            date.fromisoformat(entry.partition): entry.rows
            for entry in manifest.entries(self.connection, table)
            if entry.partition
        }

    def rows(self, table: str) -> int:
        """How many rows of `table` are visible."""
        return sum(entry.rows for entry in manifest.entries(self.connection, table))

    def frame(
        self, table: str, first: date | None = None, last: date | None = None
    ) -> pl.DataFrame | None:
        """Rows of `table` in those partitions; None when nothing of it is visible."""
        files = self.files(table, first, last)
        if not files:
            return None
        batches = [files[n : n + READ_AT_ONCE] for n in range(0, len(files), READ_AT_ONCE)]
        frames = [
            frame
            for batch in batches
            for frame in pl.collect_all(
                [pl.scan_parquet(file, hive_partitioning=False) for file in batch]
            )
        ]
        return pl.concat(frames, how="diagonal_relaxed")

    def scan(
        self, table: str, first: date | None = None, last: date | None = None
    ) -> pl.LazyFrame | None:
        """As `frame`, lazily: only the columns and row groups that a query needs are read."""
        files = self.files(table, first, last)
        if not files:
            return None
        # Files of one schema are one scan; a column may come, go or widen from day to day.
        with ThreadPoolExecutor(SCHEMAS_AT_ONCE) as pool:
            schemas = list(pool.map(pl.read_parquet_schema, files))
        alike = groupby(zip(schemas, files, strict=True), key=lambda found: list(found[0].items()))
        parts = [
            pl.scan_parquet([file for _, file in part], hive_partitioning=False)
            for _, part in alike
        ]
        return pl.concat(parts, how="diagonal_relaxed")

    def sweep(self, older_than: datetime) -> int:
        """Remove run files that are not visible and were last changed before `older_than`.

        Returns:
            How many were removed. Readers that still hold an older generation keep their files
            until then.
        """
        self._claim()
        visible = {entry.path for entry in manifest.entries(self.connection)}
        return self._places.sweep(visible, older_than)


def _put(frame: pl.DataFrame | OnDisk, draft: Draft) -> None:
    if isinstance(frame, OnDisk):
        with frame.path.open("rb") as file:
            shutil.copyfileobj(file, draft, 2**20)
    else:
        write_parquet(frame, draft)


def _digest(write: Write, draft: Draft) -> str:
    """Of the content that counts: the file's own, or that of its rows without volatile columns."""
    if not write.volatile or isinstance(write.frame, OnDisk):
        return draft.digest
    counted = write.frame.drop(write.volatile)
    found = hashlib.sha256(repr(counted.schema).encode())
    # A fifth of what it costs to write the rows again and to hash these bytes.
    found.update(counted.hash_rows(seed=SEED).to_numpy().tobytes())
    return found.hexdigest()
