"""What lies in the sources folder: the files of a table, and files to look values up in."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.mapping import Lookups, as_text
from health_pipeline.adapters.sources.params import Lookup, TableMap
from health_pipeline.adapters.sources.raw import Place, SourceError
from health_pipeline.adapters.sources.readers import read_raw

SUFFIXES = (".csv", ".csv.gz", ".ndjson", ".json", ".parquet")
FOLDER_SUFFIXES = (".csv", ".csv.gz", ".ndjson", ".parquet")
"""Endings of what is read, and of what is read in a folder; capitals are as good."""

MOST_UNREAD = 5
"""So many files that are not read are named; the others are counted."""

_NO_TABLE = {"readme", "license", "licence", "notice", "changelog", "manifest", "schema", "thumbs"}
_NO_DATA = {
    *("md", "rst", "html", "pdf", "docx", "png", "jpg", "ini", "toml", "yaml", "yml"),
    *("py", "sql", "sh", "bat", "ps1", "ipynb", "log", "lock", "schema", "manifest", "meta"),
    *("crc", "md5", "sha1", "sha256", "sha512", "sig", "asc", "gpg"),
    *("tmp", "temp", "part", "partial", "filepart", "crdownload", "swp", "bak", "old", "orig"),
}
"""Names and endings of what lies beside data: notes, programs, sums, halves, what is old."""


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
    ends = {path: path.name[len(Path(stem).name) :].lower() for path in _named(folder / stem)}
    single = [path for end in SUFFIXES for path in ends if ends[path] == end and path.is_file()]
    inside = sorted(path for path in (folder / stem).rglob("*") if _is_data(path, folder / stem))
    candidates = [path.name for path in single] + ([f"{stem}/"] if inside else [])
    if len(candidates) > 1:
        raise SourceError(stem, candidates[0], f"stands beside {candidates[1]}; keep one of them")
    return single or inside


def _named(base: Path, *, loose: bool = False) -> list[Path]:
    """What lies beside `base` and is called so, or so and a point; `loose`: in capitals, too."""
    if not base.parent.is_dir():
        return []
    found = sorted(base.parent.iterdir())
    if loose:
        same = base.name.lower()
        return [path for path in found if f"{path.name.lower()}.".startswith(f"{same}.")]
    return [path for path in found if f"{path.name}.".startswith(f"{base.name}.")]


def _is_data(path: Path, under: Path) -> bool:
    return (
        path.name.lower().endswith(FOLDER_SUFFIXES)
        and path.is_file()
        and not _is_hidden(path.relative_to(under))
    )


def _is_hidden(path: Path) -> bool:
    # Other tools leave marks and half-written files: _SUCCESS, _temporary/, .part.parquet
    return any(part.startswith((".", "_")) for part in path.parts)


def unread(folder: Path, table: str, stems: Collection[str]) -> tuple[str, ...]:
    """A sentence on files that seem to be meant for `table` and are not read; none of others.

    Meant are those in a folder of `stems`, and those called like one of them, unless they are
    plainly no data.

    Raises:
        SourceError: as `find_files`.
    """
    left: dict[str, str | None] = {}
    for stem in stems:
        base, known = folder / stem, set(paths_of(folder, stem))
        for path in (*_named(base, loose=True), *sorted(base.rglob("*"))):
            name = path.relative_to(folder)
            if path not in known and path.is_file() and _may_be_data(name):
                left[name.as_posix()] = _right_name(path, base)
    if not left:
        return ()
    told = [f"{name} ({right}?)" if right else name for name, right in left.items()]
    more = f" and {len(told) - MOST_UNREAD} more" if len(told) > MOST_UNREAD else ""
    ends = f"{', '.join(FOLDER_SUFFIXES[:-1])} or {FOLDER_SUFFIXES[-1]}"
    files = ", ".join(told[:MOST_UNREAD])
    return (f"{table}: not read: {files}{more}; files that are read end in {ends}",)


def _right_name(path: Path, base: Path) -> str | None:
    """How a file would have to be called, where only the case of its name is wrong."""
    end = path.name[len(base.name) :].lower()
    return f"{base.name}{end}" if path.parent == base.parent and end in SUFFIXES else None


def _may_be_data(path: Path) -> bool:
    first, *ends = path.name.lower().split(".")
    plain = first in _NO_TABLE or path.name.endswith("~") or not _NO_DATA.isdisjoint(ends)
    return not plain and not _is_hidden(path)


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
