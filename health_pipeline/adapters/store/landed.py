"""Which source files have landed already, by content: an unchanged file is not read again."""

from __future__ import annotations

import sqlite3

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS landed_files (
        table_name  TEXT NOT NULL,
        path        TEXT NOT NULL,           -- relative to the sources folder
        fingerprint TEXT NOT NULL,           -- of content and of the mapping that read it
        PRIMARY KEY (table_name, path)
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS landed_rows (
        table_name TEXT NOT NULL,
        path       TEXT NOT NULL,
        rows       INTEGER NOT NULL,        -- that the file gave when it landed last
        PRIMARY KEY (table_name, path)
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS source_digests (
        path   TEXT PRIMARY KEY,            -- relative to the sources folder
        stamp  TEXT NOT NULL,               -- size, times and inode: while it stands, so does
        digest TEXT NOT NULL                -- the digest of the content
    ) STRICT
    """,
)


def landed_files(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Path → fingerprint of the files that are landed of `table`."""
    rows = connection.execute(
        "SELECT path, fingerprint FROM landed_files WHERE table_name = ?", (table,)
    ).fetchall()
    return dict(rows)


def remember_files(
    connection: sqlite3.Connection,
    table: str,
    files: dict[str, str],
    rows: dict[str, int] | None = None,
) -> None:
    """Note that `files` (path → fingerprint) of `table` are landed, and how many `rows` each."""
    connection.executemany(
        "INSERT INTO landed_files VALUES (?, ?, ?)"
        " ON CONFLICT (table_name, path) DO UPDATE SET fingerprint = excluded.fingerprint",
        [(table, path, fingerprint) for path, fingerprint in files.items()],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO landed_rows VALUES (?, ?, ?)",
        [(table, path, count) for path, count in (rows or {}).items()],
    )


def landed_rows(connection: sqlite3.Connection, table: str) -> dict[str, int]:
    """Path → rows that the file gave when it landed last, where that was counted."""
    rows = connection.execute(
        "SELECT path, rows FROM landed_rows WHERE table_name = ?", (table,)
    ).fetchall()
    return dict(rows)


def digests(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """Path → stamp and digest of the source files that were hashed before."""
    rows = connection.execute("SELECT path, stamp, digest FROM source_digests").fetchall()
    return {path: (stamp, digest) for path, stamp, digest in rows}


def remember_digests(connection: sqlite3.Connection, found: dict[str, tuple[str, str]]) -> None:
    """Note the stamp and digest of source files (path → both)."""
    connection.executemany(
        "INSERT OR REPLACE INTO source_digests VALUES (?, ?, ?)",
        [(path, stamp, digest) for path, (stamp, digest) in found.items()],
    )
