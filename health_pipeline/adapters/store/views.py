"""`health.duckdb`: one view a table over the files that are visible now.

A rebuildable cache for people and BI: built beside its place and renamed, never written in place,
so that a reader is never disturbed and never sees half of a publish.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import polars as pl

from health_pipeline.adapters.store.lake import Lake
from health_pipeline.core.schemas.results import RESULT_TABLES

LANDING = "landing/"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _select(connection: duckdb.DuckDBPyConnection, files: list[Path], empty: pl.DataFrame) -> str:
    """SQL of a view over `files`; over nothing it has the promised columns and no rows."""
    if files:
        listed = ", ".join(_quoted(str(file.resolve())) for file in files)
        return f"FROM read_parquet([{listed}], union_by_name=true, hive_partitioning=false)"
    described = connection.from_arrow(empty.to_arrow())
    columns = zip(described.columns, described.types, strict=True)
    nothing = ", ".join(f'CAST(NULL AS {dtype}) AS "{name}"' for name, dtype in columns)
    return f"SELECT {nothing} WHERE false"


def build_views(lake: Lake, path: Path) -> list[str]:
    """Replace `path` by a new database of views; returns their names in order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        names = _write(lake, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return names


def _write(lake: Lake, path: Path) -> list[str]:
    names: list[str] = []
    landed = sorted({name for name in lake.tables() if name.startswith(LANDING)})
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA landing")
        for name, table in RESULT_TABLES.items():
            sql = _select(connection, lake.files(name), table.empty())
            connection.execute(f'CREATE VIEW "{name}" AS {sql}')
            names.append(name)
        for name in landed:
            view = name.removeprefix(LANDING)
            sql = _select(connection, lake.files(name), pl.DataFrame())
            connection.execute(f'CREATE VIEW landing."{view}" AS {sql}')
            names.append(f"landing.{view}")
    return names
