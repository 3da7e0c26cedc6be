"""`health …` as a user calls it, and what a user finds afterwards."""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES

WIDE = 400
"""Columns of the terminal, so that no sentence is broken."""

CLOCKED = ("quarantine", "health_scores", "crm_fields", "action_ledger")
CLOCK = {"scored_at", "health_scored_at", "at", "task_at"}
"""Columns that say when a run happened, not what it found (`at` of quarantine only)."""


@dataclass(frozen=True)
class Told:
    """Exit code, stdout and stderr of one command."""

    code: int
    out: str
    err: str


def health(*args: Any, env: dict[str, Any] | None = None) -> Told:
    """Run `health ARGS` through its entry point in this process."""
    from health_pipeline.cli import house, main

    house.out.width = house.err.width = WIDE
    before, argv = dict(os.environ), sys.argv
    for key in [key for key in os.environ if key.startswith(("HEALTH_", "DAGSTER_HOME"))]:
        del os.environ[key]
    os.environ.update({key: str(value) for key, value in (env or {}).items()})
    sys.argv = ["health", *map(str, args)]
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.argv = argv
    return Told(int(code), out.getvalue(), err.getvalue())


class Place:
    """A home for one lake (`lake`, `control.db` and `health.duckdb` in one folder)."""

    told: Told

    def __init__(self, home: Path, sources: Path) -> None:
        self.home, self.sources, self.lake = home, sources, home / "lake"

    def run(self, *args: Any) -> Told:
        return health("run", "--sources", self.sources, "--lake", self.lake, *args)

    def run_days(self, first: Any, last: Any) -> Told:
        return self.run("--from", first, "--to", last)

    def sql(self, query: str) -> pl.DataFrame:
        """A query as a user asks it, of health.duckdb opened read-only."""
        with closing(duckdb.connect(str(self.home / "health.duckdb"), read_only=True)) as base:
            return base.sql(query).pl()

    def table(self, name: str) -> pl.DataFrame:
        """A promised table without the columns of the wall clock, in the order of its key."""
        shape = RESULT_TABLES[name]
        clock = CLOCK if name in CLOCKED else set()
        rows = self.sql(f'FROM "{name}"').sort(shape.key, nulls_last=True)
        return rows.drop(clock & set(rows.columns))

    def control(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of control.db."""
        with closing(sqlite3.connect(self.home / "control.db")) as base:
            return base.execute(query).fetchall()

    def manifest(self) -> list[tuple[Any, ...]]:
        """What is visible: table, partition, generation, digest."""
        return self.control("SELECT table_name, partition, generation, digest FROM manifest")


def same_tables(one: Place, other: Place, *, but: frozenset[str] = frozenset()) -> list[str]:
    """Names of the promised tables that differ, the clock aside."""
    names = [name for name in RESULT_TABLES if name not in but]
    return [name for name in names if not one.table(name).equals(other.table(name))]


def files_of(folder: Path) -> dict[str, str]:
    """Path → digest of every file below `folder`."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
