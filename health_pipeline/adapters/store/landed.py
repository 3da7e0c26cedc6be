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
)


def landed_files(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Path → fingerprint of the files that are landed of `table`."""
    rows = connection.execute(
        "SELECT path, fingerprint FROM landed_files WHERE table_name = ?", (table,)
    ).fetchall()
    return dict(rows)


def remember_files(connection: sqlite3.Connection, table: str, files: dict[str, str]) -> None:
    """Note that `files` (path → fingerprint) of `table` are landed."""
    connection.executemany(
        "INSERT INTO landed_files VALUES (?, ?, ?)"
        " ON CONFLICT (table_name, path) DO UPDATE SET fingerprint = excluded.fingerprint",
        [(table, path, fingerprint) for path, fingerprint in files.items()],
    )
