"""The file source: a folder of exports becomes the contract's tables (contracts.md, "Hand in").

Bad rows go to quarantine with the place they stand at; a file that cannot be read raises.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from itertools import groupby
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
from health_pipeline.adapters.sources.readers import SLICE, read_slices
from health_pipeline.adapters.sources.text import WHOLE
from health_pipeline.core.schemas.columns import SourceTable
from health_pipeline.core.schemas.results import RESULT_TABLES

__all__ = ["FileRef", "SourceError", "TableRead", "find_files", "read_table"]

VALUE_LENGTH = 200  # characters of a rejected value that the quarantine keeps
MOST_NAMED = 15
"""So many unknown columns are named; those first that may be a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A file, the mapping that reads it, and the lookup files of that mapping."""

    ref: FileRef
    tmap: TableMap
    lookups: Lookups


@dataclass(frozen=True, slots=True)
class Part:
    """What a slice of one file gave through one mapping.

    Attributes:
        rows: as `TableRead.rows`.
        lines: where in the file they stand.
        quarantine: `LINE`, source, key, rule, value and origin of the rejected rows.
        left_out: rows that the mapping kept out.
        unknown: columns of the file that nobody asked for.
        tmap: the mapping.
    """

    rows: pl.DataFrame
    lines: pl.Series
    quarantine: pl.DataFrame
    left_out: int
    unknown: frozenset[str]
    tmap: TableMap

    def without_rows(self) -> Part:
        """What remains to be said once the rows are put away."""
        return replace(self, rows=self.rows.clear(), lines=self.lines.clear())


@dataclass(frozen=True, slots=True)
class TableRead:
    """One table as it was handed in.

    Attributes:
        rows: the provided contract columns (and always those of the key), typed, and `origin`
            (file relative to the folder), in file order.
        lines: `line`, where in their files the rows stand.
        quarantine: one row for each rule that a rejected row breaks, shaped as the result table.
        warnings: sentences for the run summary.
        provided: contract columns that some file really delivers.
        files: what was read.
        left_out: rows that the mapping's `where` (or an empty `each` list) kept out.
    """

    rows: pl.DataFrame
    lines: pl.Series
    quarantine: pl.DataFrame
    warnings: tuple[str, ...]
    provided: frozenset[str]
    files: tuple[FileRef, ...]
    left_out: int


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
    feeds = list(feeds_of(folder, table, maps, files))
    absent = absent_files(folder, table, maps)
    if len(absent) == len(maps or (TableMap(),)):
        return None
    parts = [part for feed in feeds for part in read_parts(folder, table, feed, rows=WHOLE)]
    used = dict.fromkeys(feed.ref for feed in feeds)
    return together(table, parts, used, absent, at)


def absent_files(folder: Path, table: SourceTable, maps: tuple[TableMap, ...]) -> tuple[str, ...]:
    """Stems of the files that should feed `table` and are not in `folder`."""
    stems = [tmap.file or table.name for tmap in maps or (TableMap(),)]
    return tuple(stem for stem in stems if not paths_of(folder, stem))


def feeds_of(
    folder: Path,
    table: SourceTable,
    maps: tuple[TableMap, ...],
    files: Collection[FileRef] | None = None,
) -> Iterator[Feed]:
    """Which of `files` (None = all) feed `table`, each with the mapping that reads it, in order."""
    for tmap in maps or (TableMap(),):
        lookups = lookups_in(folder, tmap)
        for ref in _chosen(paths_of(folder, tmap.file or table.name), files):
            yield Feed(ref, tmap, lookups)


def _chosen(paths: list[Path], files: Collection[FileRef] | None) -> list[FileRef]:
    if files is None:
        return [file_ref(path) for path in paths]
    known = {ref.path: ref for ref in files}
    return [known[path] for path in paths if path in known]


def read_parts(folder: Path, table: SourceTable, feed: Feed, rows: int = SLICE) -> Iterator[Part]:
    """One file of `folder` as rows of `table`, in slices as `readers.read_slices` cuts them.

    Raises:
        SourceError: the file cannot be read, or lacks a column that it must have. Parts of it that
            were given before are then void.
    """
    place = Place(table.name, feed.ref.path.relative_to(folder).as_posix())
    wanted = columns_wanted(table, feed.tmap)
    for raw in read_slices(feed.ref.path, place, feed.tmap, wanted, rows):
        yield _part(with_partitions(raw, place, wanted), place, table, feed)


def _part(raw: Raw, place: Place, table: SourceTable, feed: Feed) -> Part:
    tmap = feed.tmap
    if not raw.columns:  # JSON without a row names no columns: it lacks none either
        columns = sorted(columns_needed(table, tmap))
        schema = {LINE: pl.UInt32(), **dict.fromkeys(columns, pl.String())}
        raw = Raw(pl.DataFrame(schema=schema), tuple(columns), raw.broken)
    mapped = map_columns(raw, table, tmap, place, feed.lookups)
    rows, broken = checked(mapped, table)
    return Part(
        rows.with_columns(pl.lit(place.file).alias("origin")),
        mapped.frame[LINE].filter(~mapped.frame[ROW].is_in(broken[ROW].implode())).alias("line"),
        pl.concat([_no_rows(raw, mapped), _rejected(mapped, table, broken)])
        .sort(LINE, maintain_order=True)
        .with_columns(pl.concat_str(pl.lit(f"{place.file}:"), LINE).alias("origin")),
        mapped.left_out,
        mapped.unknown,
        tmap,
    )


def with_partitions(raw: Raw, place: Place, wanted: Collection[str]) -> Raw:
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
    mapped_rows = mapped.frame.filter(pl.col(ROW).is_in(broken[ROW].implode()))
    given = [name for name in table.key if name in schema]
    text = [as_text(pl.col(name), schema[name]).alias(name) for name in given]
    cells = mapped_rows.select(
        ROW,
        LINE,
        as_text(pl.col("source"), schema["source"]).alias("source"),
        pl.struct(text).struct.json_encode().alias("key"),
    )
    rows = broken.join(cells, on=ROW, maintain_order="left")
    return rows.select(LINE, "source", "key", "rule", "value")


def together(
    table: SourceTable,
    parts: Sequence[Part],
    used: Iterable[FileRef],
    absent: Iterable[str],
    at: datetime,
) -> TableRead:
    """Parts of one table as one, and what is to be said of it.

    Args:
        table: the contract.
        parts: in the order of the files.
        used: the files that they came from.
        absent: stems of files that were looked for in vain.
        at: stamp of the quarantine rows.
    """
    warnings = (f"{table.name}: no file {stem} was found, the others were read" for stem in absent)
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
    kept_out = [f"{table.name}: unknown columns were kept out: {_named(unknown, table, provided)}"]
    return TableRead(
        rows=rows,
        lines=pl.concat([pl.Series("line", dtype=pl.UInt32), *(part.lines for part in parts)]),
        quarantine=rejected.select(
            pl.lit(table.name).alias("table"),
            "source",
            "key",
            "rule",
            pl.col("value").str.slice(0, VALUE_LENGTH),
            "origin",
            pl.lit(at).cast(shape["at"]).alias("at"),
        ),
        warnings=(*warnings, *(kept_out if unknown else ()), *_hints(table, parts)),
        provided=provided,
        files=tuple(used),
        left_out=sum(part.left_out for part in parts),
    )


def _hints(table: SourceTable, parts: Sequence[Part]) -> Iterator[str]:
    """What can be done about rejected rows, mapping by mapping."""
    for tmap, some in groupby(parts, key=lambda part: part.tmap):
        rejected = pl.concat(part.quarantine for part in some)
        yield from hints(table.name, rejected, tmap.columns)


def _named(unknown: Sequence[str], table: SourceTable, provided: Collection[str]) -> str:
    """The unknown columns in words; what looks like a column that nobody delivers comes first."""
    open_ = [name for name in table.names if name not in provided]
    meant = {name: get_close_matches(name.lower(), open_, 1, 0.8) for name in unknown}
    told = [f"{name} ({slip[0]}?)" for name, slip in meant.items() if slip]
    told += [name for name, slip in meant.items() if not slip]
    more = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    return ", ".join(told[:MOST_NAMED]) + more
