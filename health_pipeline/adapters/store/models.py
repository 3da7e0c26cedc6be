"""Which baseline is in force for which model: fitted once, changed only by an explicit refit."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS model_versions (
        model_version  TEXT PRIMARY KEY,
        fingerprint    TEXT NOT NULL,        -- of the resolved model
        baseline_key   TEXT NOT NULL,        -- of the parts of it that knots depend on
        fitted_through TEXT NOT NULL,
        since          TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS model_parts (
        model_version TEXT NOT NULL,
        part          TEXT NOT NULL,         -- what of it: see orchestration/model_parts.py
        key           TEXT NOT NULL,         -- hash of all that this part depends on
        PRIMARY KEY (model_version, part)
    ) STRICT
    """,
)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A resolved model together with the baseline it judges by."""

    model_version: str
    fingerprint: str
    baseline_key: str
    fitted_through: str
    since: str


def version_for(
    connection: sqlite3.Connection, *, fingerprint: str | None = None, baseline_key: str
) -> ModelVersion | None:
    """The newest version with this baseline key (and fingerprint, when given); None if none."""
    row = connection.execute(
        "SELECT model_version, fingerprint, baseline_key, fitted_through, since"
        " FROM model_versions WHERE baseline_key = ?1 AND (?2 IS NULL OR fingerprint = ?2)"
        " ORDER BY since DESC, rowid DESC LIMIT 1",
        (baseline_key, fingerprint),
    ).fetchone()
    return ModelVersion(*row) if row else None


def remember_version(
    connection: sqlite3.Connection, version: ModelVersion, parts: Mapping[str, str]
) -> None:
    """Note a version as the newest, and its parts; a refit may lead back to one that is known."""
    connection.execute(
        "INSERT OR REPLACE INTO model_versions VALUES (?, ?, ?, ?, ?)",
        (
            version.model_version,
            version.fingerprint,
            version.baseline_key,
            version.fitted_through,
            version.since,
        ),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO model_parts VALUES (?, ?, ?)",
        [(version.model_version, part, key) for part, key in parts.items()],
    )


def newest_with_part(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """(part, key) → the newest version that has it; none of versions of earlier releases."""
    rows = connection.execute(
        "SELECT part, key, model_version FROM model_parts JOIN model_versions"
        " USING (model_version) ORDER BY since, model_versions.rowid"
    )
    return {(part, key): version for part, key, version in rows}


def parts_of_version(connection: sqlite3.Connection, version: str) -> dict[str, str]:
    """Part → key of one version; empty for those of earlier releases."""
    query = "SELECT part, key FROM model_parts WHERE model_version = ?"
    return dict(connection.execute(query, (version,)).fetchall())
