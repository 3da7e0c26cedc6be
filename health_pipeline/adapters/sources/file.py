"""The file source: a folder of exports becomes the contract's tables (contracts.md, "Hand in").

Bad rows go to quarantine with the place they stand at; a file that cannot be read raises.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from health_pipeline.adapters.sources.contract import checked
from health_pipeline.adapters.sources.folder import (
    FileRef,
    file_ref,
    find_files,
    lookups_in,
    paths_of,
)
from health_pipeline.adapters.sources.hints import hints
from health_pipeline.adapters.sources.mapping import (
    Lookups,
    Mapped,
    as_text,
    columns_needed,
    columns_wanted,
    map_columns,
)
from health_pipeline.adapters.sources.params import TableMap
from health_pipeline.adapters.sources.raw import LINE, ROW, Place, Raw, SourceError
from health_pipeline.adapters.sources.readers import read_raw
from health_pipeline.core.schemas.columns import SourceTable
from health_pipeline.core.schemas.results import RESULT_TABLES

__all__ = ["FileRef", "SourceError", "TableRead", "find_files", "read_table"]

VALUE_LENGTH = 200  # characters of a rejected value that the quarantine keeps


@dataclass(frozen=True, slots=True)
class TableRead:
    """One table as it was handed in.

    Attributes:
        rows: the provided contract columns (and always those of the key), typed, and `origin`
            (file relative to the folder), in file order.
        quarantine: one row for each rule that a rejected row breaks, shaped as the result table.
        warnings: sentences for the run summary.
        provided: contract columns that some file really delivers.
        files: what was read.
        left_out: rows that the mapping's `where` (or an empty `each` list) kept out.
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    warnings: tuple[str, ...]
    provided: frozenset[str]
    files: tuple[FileRef, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class _Part:
    """What one file gave through one mapping."""

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    left_out: int
    unknown: frozenset[str]


def read_table(
    folder: Path,
    table: SourceTable,
    maps: tuple[TableMap, ...],
    at: datetime,
    files: Collection[FileRef] | None = None,
) -> TableRead | None:
    """Everything that `folder` holds for `table`; None when it holds no file for it.

    Args:
        folder: the sources folder.
        table: the contract.
        maps: the files that feed it; none = the file of the table's own name, as it stands.
        at: stamp of the quarantine rows.
        files: read only these (some of what `find_files` gave), so that a table that grows by
            files can be read by its new ones alone.

    Raises:
        SourceError: a file cannot be read, or lacks a column that it must have.
    """
    parts: list[_Part] = []
    used: list[FileRef] = []
    absent: list[str] = []
    for tmap in maps or (TableMap(),):
        stem = tmap.file or table.name
        paths = paths_of(folder, stem)
        if not paths:
            absent.append(stem)
        lookups = lookups_in(folder, tmap)
        for ref in _chosen(paths, files):
            place = Place(table.name, ref.path.relative_to(folder).as_posix())
            parts.append(_part(ref.path, place, table, tmap, lookups))
            used.append(ref)
    if len(absent) == len(maps or (TableMap(),)):
        return None
    warnings = (f"{table.name}: no file {stem} was found, the others were read" for stem in absent)
    return _together(table, parts, dict.fromkeys(used), warnings, at)


def _chosen(paths: list[Path], files: Collection[FileRef] | None) -> list[FileRef]:
    if files is None:
        return [file_ref(path) for path in paths]
    known = {ref.path: ref for ref in files}
    return [known[path] for path in paths if path in known]


def _part(path: Path, place: Place, table: SourceTable, tmap: TableMap, lookups: Lookups) -> _Part:
    wanted = columns_wanted(table, tmap)
    raw = _with_partitions(read_raw(path, place, tmap, wanted), place, wanted)
    if not raw.columns:  # JSON without a row names no columns: it lacks none either
        columns = sorted(columns_needed(table, tmap))
        schema = {LINE: pl.UInt32(), **dict.fromkeys(columns, pl.String())}
        raw = Raw(pl.DataFrame(schema=schema), tuple(columns), raw.broken)
    mapped = map_columns(raw, table, tmap, place, lookups)
    rows, broken = checked(mapped, table)
    return _Part(
        rows.with_columns(pl.lit(place.file).alias("origin")),
        pl.concat([_no_rows(raw, mapped), _rejected(mapped, table, broken)])
        .sort(LINE, maintain_order=True)
        .with_columns(pl.concat_str(pl.lit(f"{place.file}:"), LINE).alias("origin")),
        mapped.left_out,
        mapped.unknown,
    )


def _with_partitions(raw: Raw, place: Place, wanted: Collection[str]) -> Raw:
    """Adds hive partitions: a folder `plan=Pro` is a column `plan` of the files in it."""
    pairs = [part.split("=", 1) for part in place.file.split("/")[:-1] if "=" in part]
    cells = {
        name: None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
        for name, value in pairs
        if name in wanted and name not in raw.columns
    }
    frame = raw.frame.with_columns(pl.lit(v, pl.String).alias(n) for n, v in cells.items())
    return Raw(frame, (*raw.columns, *cells), raw.broken)


def _no_rows(raw: Raw, mapped: Mapped) -> pl.DataFrame:
    constant = mapped.maps["source"].constant if "source" in mapped.maps else None
    source = None if constant is None else str(constant)
    return raw.broken.select(
        LINE,
        pl.lit(source, pl.String).alias("source"),
        pl.lit(None, pl.String).alias("key"),
        "rule",
        "value",
    )


def _rejected(mapped: Mapped, table: SourceTable, broken: pl.DataFrame) -> pl.DataFrame:
    schema = mapped.frame.schema
    given = [name for name in table.key if name in schema]
    text = [as_text(pl.col(name), schema[name]).alias(name) for name in given]
    cells = mapped.frame.select(
        ROW,
        LINE,
        as_text(pl.col("source"), schema["source"]).alias("source"),
        pl.struct(text).struct.json_encode().alias("key"),
    )
    rows = broken.join(cells, on=ROW, maintain_order="left")
    return rows.select(LINE, "source", "key", "rule", "value")


def _together(
    table: SourceTable,
    parts: list[_Part],
    used: Iterable[FileRef],
    warnings: Iterable[str],
    at: datetime,
) -> TableRead:
    provided = frozenset(name for part in parts for name in part.rows.columns) - {"origin"}
    schema = {
        name: dtype for name, dtype in table.schema.items() if name in provided or name in table.key
    }
    empty = pl.DataFrame(schema={**schema, "origin": pl.String()})
    rows = pl.concat([empty, *(part.rows for part in parts)], how="diagonal")
    shape = RESULT_TABLES["quarantine"].columns
    rejected = pl.DataFrame(schema={k: v for k, v in shape.items() if k not in ("table", "at")})
    rejected = pl.concat([rejected, *(part.quarantine.drop(LINE) for part in parts)])
    unknown = sorted({name for part in parts for name in part.unknown})
    kept_out = [f"{table.name}: unknown columns were kept out: {', '.join(unknown)}"]
    return TableRead(
        rows=rows,
        quarantine=rejected.select(
            pl.lit(table.name).alias("table"),
            "source",
            "key",
            "rule",
            pl.col("value").str.slice(0, VALUE_LENGTH),
            "origin",
            pl.lit(at).cast(shape["at"]).alias("at"),
        ),
        warnings=(*warnings, *(kept_out if unknown else ()), *hints(table.name, rejected)),
        provided=provided,
        files=tuple(used),
        left_out=sum(part.left_out for part in parts),
    )
