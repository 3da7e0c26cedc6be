"""Reading what a test hands in: files by name, the table they feed, what came of it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.file import TableRead, read_table
from health_pipeline.adapters.sources.params import TableMap
from health_pipeline.core.schemas.sources import SOURCE_TABLES

AT = datetime(2025, 1, 31, 23, 59, tzinfo=UTC)


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(folder: Path, table: str, *maps: dict[str, object]) -> TableRead:
    found = read_table(
        folder, SOURCE_TABLES[table], tuple(TableMap.model_validate(m) for m in maps), AT
    )
    assert found is not None
    return found


def rejected(found: TableRead) -> list[tuple[str, str | None, str]]:
    return found.quarantine.select("rule", "value", "origin").rows()


def parquet(**columns) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()
