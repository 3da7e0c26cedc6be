"""Which run file of a table and partition is visible: one row each, changed by compare-and-swap."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS manifest (
        table_name   TEXT NOT NULL,
        partition    TEXT NOT NULL,          -- ISO date, or '' for a table without partitions
        generation   INTEGER NOT NULL,
        path         TEXT NOT NULL,          -- relative to the lake
        rows         INTEGER NOT NULL,
        bytes        INTEGER NOT NULL,
        digest       TEXT NOT NULL,          -- of the content, volatile columns left out
        published_at TEXT NOT NULL,
        run_id       TEXT NOT NULL,
        PRIMARY KEY (table_name, partition)
    ) STRICT
    """,
)

RETIRED = ("signal_values",)
"""Tables of earlier releases that nothing reads any more; what they told is in `signals`."""


class PublishConflictError(Exception):
    """Another run published the same partition in between; run again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One visible run file."""

    table: str
    partition: str
    generation: int
    path: str
    rows: int
    bytes: int
    digest: str


def entries(
    connection: sqlite3.Connection,
    table: str | None = None,
    first: str = "",
    last: str = "9999-12-31",
) -> list[Entry]:
    """Visible files of `table` (all tables when None) with first ≤ partition ≤ last, in order."""
    rows = connection.execute(
        "SELECT table_name, partition, generation, path, rows, bytes, digest FROM manifest"
        " WHERE (?1 IS NULL OR table_name = ?1) AND partition BETWEEN ?2 AND ?3"
        " ORDER BY table_name, partition",
        (table, first, last),
    ).fetchall()
    return [Entry(*row) for row in rows]


def swap(
    connection: sqlite3.Connection,
    changes: Iterable[Entry],
    published_at: str,
    run_id: str,
) -> None:
    """Make every entry visible; its generation must follow the one that is visible now.

    The caller holds the transaction, so that either all or none become visible.

    Raises:
        PublishConflictError: the visible generation is not the one that the caller has read.
    """
    for entry in changes:
        done = connection.execute(
            "INSERT INTO manifest VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (table_name, partition) DO UPDATE SET generation = excluded.generation,"
            " path = excluded.path, rows = excluded.rows, bytes = excluded.bytes,"
            " digest = excluded.digest, published_at = excluded.published_at,"
            " run_id = excluded.run_id WHERE manifest.generation = excluded.generation - 1",
            (
                entry.table,
                entry.partition,
                entry.generation,
                entry.path,
                entry.rows,
                entry.bytes,
                entry.digest,
                published_at,
                run_id,
            ),
        )
        if done.rowcount != 1:
            raise PublishConflictError(
                f"{entry.table} {entry.partition or '(whole)'}: another run published it while "
                "this one was computing; nothing of this stage was made visible, run it again"
            )


def forget_retired(connection: sqlite3.Connection) -> None:
    """Make tables of earlier releases invisible; a sweep then removes their files."""
    connection.executemany("DELETE FROM manifest WHERE table_name = ?", [(t,) for t in RETIRED])
