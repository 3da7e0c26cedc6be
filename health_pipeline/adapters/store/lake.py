"""The lake: immutable Parquet run files, made visible by the manifest.

A file is written beside its place, synced, renamed, its folder synced; only then one transaction
swaps the manifest rows. A process killed anywhere leaves the old generation in force.
"""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.manifest import Entry
from health_pipeline.adapters.store.transaction import transaction

WRITERS = 4
"""Files written at once: each waits for the disk, not for a core."""

READ_AT_ONCE = 64
"""Files read together: polars keeps a thread for each of them, and has 512."""


@dataclass(frozen=True, slots=True)
class Write:
    """One partition to publish.

    Attributes:
        table: folder in the lake.
        partition: the day, or None for a table without partitions.
        frame: its rows, already in their final order.
        volatile: columns that do not count as content (scored_at), so that a second run of the
            same day over the same data changes nothing.
    """

    table: str
    partition: date | None
    frame: pl.DataFrame
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


def _bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all: temp file, fsync, rename; callers sync the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class Lake:
    """The lake under `root`, with its manifest in `connection` (control.db)."""

    def __init__(self, root: Path, connection: sqlite3.Connection) -> None:
        self.root = root
        self.connection = connection

    def publish(self, writes: Sequence[Write], *, run_id: str, at: datetime) -> Published:
        """Make all `writes` visible at once; partitions whose content is unchanged stay.

        Raises:
            PublishConflictError: another run published one of the partitions in between.
        """
        with ThreadPoolExecutor(WRITERS) as pool:
            changes = self._changes(writes, pool)
            paths = {Path(entry.path) for entry in changes}
            folders = {self.root / folder for path in paths for folder in path.parents}
            list(pool.map(_sync_folder, sorted(folders)))  # the list raises what a worker raised
        with transaction(self.connection):
            manifest.swap(self.connection, changes, at.astimezone(UTC).isoformat(), run_id)
        rows = sum(write.frame.height for write in writes)
        return Published(len(changes), len(writes) - len(changes), rows)

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
        content = _bytes(write.frame)
        counted = _bytes(write.frame.drop(write.volatile)) if write.volatile else content
        digest = hashlib.sha256(counted).hexdigest()
        if current and current.digest == digest and (self.root / current.path).exists():
            return None
        generation = current.generation + 1 if current else 1
        folder = Path(write.table, f"date={partition}") if partition else Path(write.table)
        path = folder / f"{generation:06d}-{digest[:12]}.parquet"
        write_durably(self.root / path, content)
        return Entry(
            write.table,
            partition,
            generation,
            path.as_posix(),
            write.frame.height,
            len(content),
            digest,
        )

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
        """Visible files of `table`, from `first` to `last` (both included) where given."""
        found = manifest.entries(
            self.connection,
            table,
            first.isoformat() if first else "",
            last.isoformat() if last else "9999-12-31",
        )
        return [self.root / entry.path for entry in found]

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

    def sweep(self, older_than: datetime) -> int:
        """Remove run files that are not visible and were last changed before `older_than`.

        Returns:
            How many were removed. Readers that still hold an older generation keep their files
            until then.
        """
        visible = {self.root / entry.path for entry in manifest.entries(self.connection)}
        removed = 0
        for path in sorted(self.root.glob("**/*.parquet")) + sorted(self.root.glob("**/.*.tmp")):
            if path not in visible and path.stat().st_mtime < older_than.timestamp():
                path.unlink()
                removed += 1
        return removed
