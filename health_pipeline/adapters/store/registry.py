"""Published account ids: once given, never reused, and stronger than any rule (contracts.md)."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

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
    return _ids(rows)


def _ids(rows: list[tuple[str, str, str, str]]) -> pl.DataFrame:
    """Rows of the registry as a frame."""
    frame = pl.DataFrame(
        rows, schema={**REGISTRY_SCHEMA, "published_at": pl.String()}, orient="row"
    )
    return frame.with_columns(
        pl.col("published_at").str.to_datetime(time_unit="us", time_zone="UTC")
    )


def registered(connection: sqlite3.Connection) -> int:
    """How many ids are published; none is ever changed or removed."""
    return int(connection.execute("SELECT count(*) FROM account_registry").fetchone()[0])


@dataclass(frozen=True, slots=True)
class Registry:
    """The published ids, asked for as few of them as are needed."""

    connection: sqlite3.Connection

    def whole(self) -> pl.DataFrame:
        """All of them."""
        return registry(self.connection)

    def of(self, records: pl.DataFrame) -> pl.DataFrame:
        """Those of `records` (source, source_account_id)."""
        names = list(records.select("source", "source_account_id").iter_rows())
        rows = self.connection.execute(
            "SELECT r.source, r.source_account_id, r.account_id, r.published_at"
            " FROM json_each(?) AS asked JOIN account_registry AS r"
            " ON r.source = asked.value ->> 0 AND r.source_account_id = asked.value ->> 1"
            " ORDER BY 1, 2",
            (json.dumps(names),),
        ).fetchall()
        return _ids(rows)

    def holds(self, ids: pl.Series) -> bool:
        """Whether one of `ids` was given to any account."""
        found = self.connection.execute(
            "SELECT EXISTS (SELECT 1 FROM account_registry"
            " WHERE account_id IN (SELECT value FROM json_each(?)))",
            (json.dumps(ids.to_list()),),
        ).fetchone()
        return bool(found[0])


def register(connection: sqlite3.Connection, published: pl.DataFrame) -> None:
    """Add the ids that are not yet published; a published id never changes here."""
    connection.executemany(
        "INSERT OR IGNORE INTO account_registry VALUES (?, ?, ?, ?)",
        [
            (source, key, account_id, at.isoformat())
            for source, key, account_id, at in published.select(*REGISTRY_SCHEMA).iter_rows()
        ],
    )


def aliases(connection: sqlite3.Connection) -> dict[str, str]:
    """Each alias, and the account that it was last known to resolve to."""
    return dict(connection.execute("SELECT alias, account_id FROM account_aliases ORDER BY 1"))


def remember_aliases(
    connection: sqlite3.Connection, now: pl.DataFrame, live: pl.Series | None = None
) -> None:
    """Note that each `alias` now resolves to `account_id`.

    Args:
        connection: of control.db.
        now: alias, account_id.
        live: ids of accounts of now: a merge that was taken back gave some of them back.
    """
    if live is not None and (back := set(aliases(connection)) & set(live)):
        connection.executemany(
            "DELETE FROM account_aliases WHERE alias = ?", [(alias,) for alias in sorted(back)]
        )
    connection.executemany(
        "INSERT INTO account_aliases VALUES (?, ?)"
        " ON CONFLICT (alias) DO UPDATE SET account_id = excluded.account_id",
        now.select("alias", "account_id").iter_rows(),
    )


def account_of_alias(connection: sqlite3.Connection, alias: str) -> str | None:
    """The account that `alias` resolves to, None when it is no alias."""
    found, seen = None, {alias}
    while (row := _alias(connection, found or alias)) and row not in seen:
        found = row
        seen.add(row)
    return found


def _alias(connection: sqlite3.Connection, alias: str) -> str | None:
    rows = connection.execute(
        "SELECT account_id FROM account_aliases WHERE alias = ?", (alias,)
    ).fetchall()
    return str(rows[0][0]) if rows else None
