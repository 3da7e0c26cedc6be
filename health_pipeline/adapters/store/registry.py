"""Published account ids: once given, never reused, and stronger than any rule (contracts.md)."""

from __future__ import annotations

import sqlite3

import polars as pl

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS account_registry (
        source            TEXT NOT NULL,
        source_account_id TEXT NOT NULL,
        account_id        TEXT NOT NULL,
        published_at      TEXT NOT NULL,
        PRIMARY KEY (source, source_account_id)
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS account_aliases (
        alias      TEXT PRIMARY KEY,
        account_id TEXT NOT NULL
    ) STRICT
    """,
)

REGISTRY_SCHEMA = {
    "source": pl.String(),
    "source_account_id": pl.String(),
    "account_id": pl.String(),
    "published_at": pl.Datetime("us", "UTC"),
}


def registry(connection: sqlite3.Connection) -> pl.DataFrame:
    """All published ids: source, source_account_id, account_id, published_at."""
    rows = connection.execute(
        "SELECT source, source_account_id, account_id, published_at FROM account_registry"
        " ORDER BY 1, 2"
    ).fetchall()
    frame = pl.DataFrame(
        rows, schema={**REGISTRY_SCHEMA, "published_at": pl.String()}, orient="row"
    )
    return frame.with_columns(
        pl.col("published_at").str.to_datetime(time_unit="us", time_zone="UTC")
    )


def register(connection: sqlite3.Connection, published: pl.DataFrame) -> None:
    """Add the ids that are not yet published; a published id never changes here."""
    connection.executemany(
        "INSERT OR IGNORE INTO account_registry VALUES (?, ?, ?, ?)",
        [
            (source, key, account_id, at.isoformat())
            for source, key, account_id, at in published.select(*REGISTRY_SCHEMA).iter_rows()
        ],
    )


def remember_aliases(connection: sqlite3.Connection, aliases: pl.DataFrame) -> None:
    """Note that each `alias` now resolves to `account_id`."""
    connection.executemany(
        "INSERT INTO account_aliases VALUES (?, ?)"
        " ON CONFLICT (alias) DO UPDATE SET account_id = excluded.account_id",
        aliases.select("alias", "account_id").iter_rows(),
    )


def account_of_alias(connection: sqlite3.Connection, alias: str) -> str | None:
    """The account that `alias` resolves to, None when it is no alias."""
    row = connection.execute(
        "SELECT account_id FROM account_aliases WHERE alias = ?", (alias,)
    ).fetchone()
    return row[0] if row else None
