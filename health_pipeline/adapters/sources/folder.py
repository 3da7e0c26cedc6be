"""What lies in the sources folder: the files of a table, and files to look values up in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.mapping import Lookups, as_text
from health_pipeline.adapters.sources.params import Lookup, TableMap
from health_pipeline.adapters.sources.raw import Place, SourceError
from health_pipeline.adapters.sources.readers import read_raw

SUFFIXES = (".csv", ".csv.gz", ".ndjson", ".json", ".parquet")
FOLDER_SUFFIXES = (".csv", ".csv.gz", ".ndjson", ".parquet")


@dataclass(frozen=True, slots=True)
class FileRef:
    """One file: where it is, its size in bytes, the BLAKE2b digest of its content."""

    path: Path
    size: int
    fingerprint: str


def find_files(folder: Path, stem: str) -> list[FileRef]:
    """The file `STEM.csv|csv.gz|ndjson|json|parquet`, or the files under the folder `STEM/`.

    Raises:
        SourceError: `folder` does not exist, or holds more than one of these.
    """
    return [file_ref(path) for path in paths_of(folder, stem)]


def file_ref(path: Path) -> FileRef:
    """The file at `path`, with its digest: one read of it, about 1 GB a second."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
    return FileRef(path, path.stat().st_size, digest.hexdigest())


def paths_of(folder: Path, stem: str) -> list[Path]:
    """As `find_files`, without reading the files."""
    if not folder.is_dir():
        raise SourceError(stem, str(folder), "the sources folder does not exist")
    single = [path for end in SUFFIXES if (path := folder / f"{stem}{end}").is_file()]
    inside = sorted(path for path in (folder / stem).rglob("*") if _is_data(path, folder / stem))
    candidates = [path.name for path in single] + ([f"{stem}/"] if inside else [])
    if len(candidates) > 1:
        raise SourceError(stem, candidates[0], f"stands beside {candidates[1]}; keep one of them")
    return single or inside


def _is_data(path: Path, under: Path) -> bool:
    # Other tools leave marks and half-written files: _SUCCESS, _temporary/, .part.parquet
    hidden = any(part.startswith((".", "_")) for part in path.relative_to(under).parts)
    return path.name.endswith(FOLDER_SUFFIXES) and path.is_file() and not hidden


def lookups_in(folder: Path, tmap: TableMap) -> Lookups:
    """Reads lookup files of `folder`, each once, with encoding and delimiter of `tmap`."""
    seen: dict[Lookup, pl.DataFrame] = {}

    def look(lookup: Lookup, place: Place) -> pl.DataFrame:
        if lookup not in seen:
            seen[lookup] = _lookup(folder, lookup, tmap, place)
        return seen[lookup]

    return look


def _lookup(folder: Path, lookup: Lookup, tmap: TableMap, place: Place) -> pl.DataFrame:
    paths = paths_of(folder, lookup.table)
    if not paths:
        raise place.error(f"the lookup file {lookup.table} was not found in {folder}")
    as_written = TableMap(encoding=tmap.encoding, delimiter=tmap.delimiter, array=True)
    columns = (lookup.key, lookup.value)
    found = []
    for path in paths:
        at = Place(place.table, path.relative_to(folder).as_posix())
        raw = read_raw(path, at, as_written, columns)
        absent = [name for name in columns if name not in raw.columns]
        if absent:
            known = ", ".join(raw.columns)
            raise at.error(f"the lookup reads {', '.join(absent)}; columns found: {known}")
        text = [as_text(pl.col(name), raw.frame.schema[name]).str.strip_chars() for name in columns]
        found.append(raw.frame.select(text[0].alias("key"), text[1].alias("value")))
    return (
        pl.concat(found)
        .filter(pl.col("key").is_not_null())
        .with_columns(pl.col("value").replace("", None))
        .unique("key", keep="last", maintain_order=True)
    )
