"""Files as they stand: bytes in, raw columns out. Knows formats, not the contract.

Text formats give text only, so that no identifier loses a leading zero; Parquet keeps its types.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.delimited import read_delimited
from health_pipeline.adapters.sources.json_rows import read_json_array, read_json_lines
from health_pipeline.adapters.sources.params import TableMap
from health_pipeline.adapters.sources.raw import LINE, Place, Raw, none_broken


def read_raw(path: Path, place: Place, tmap: TableMap, wanted: Collection[str]) -> Raw:
    """`wanted` columns of the file at `path`, read by its suffix.

    Raises:
        SourceError: the file cannot be read as what its name says.
    """
    if path.suffix == ".parquet":
        return _parquet(path, place, wanted)
    data = _utf8(path, place, tmap.encoding)
    if path.suffix == ".ndjson":
        return read_json_lines(data, wanted)
    if path.suffix == ".json":
        if not tmap.array:
            raise place.error(
                "is a .json file; set `array: true` for it in sources.yaml if it holds one JSON "
                "array, or name it .ndjson if it holds one object a line"
            )
        return read_json_array(data, place, wanted)
    return read_delimited(data, place, tmap.delimiter, wanted)


def _parquet(path: Path, place: Place, wanted: Collection[str]) -> Raw:
    try:
        scan = pl.scan_parquet(path, hive_partitioning=False)
        columns = tuple(scan.collect_schema().names())
        chosen = [name for name in columns if name in wanted]
        frame = scan.select(chosen).with_row_index(LINE, offset=1).collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        first_line = str(error).split("\n", 1)[0]
        raise place.error(f"cannot be read as Parquet: {first_line}") from error
    return Raw(frame, columns, none_broken(LINE))


def _utf8(path: Path, place: Place, encoding: str) -> bytes:
    """The text of a file as UTF-8 without a byte order mark, unpacked where it is gzip."""
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise place.error(f"cannot be read: {error}") from error
    try:
        text = data.decode(encoding)
    except LookupError as error:
        raise place.error(f"the encoding {encoding!r} of sources.yaml does not exist") from error
    except UnicodeDecodeError as error:
        raise place.error(_why_not_decoded(data, encoding, error)) from error
    return text.removeprefix("\ufeff").encode()


def _why_not_decoded(data: bytes, encoding: str, error: UnicodeDecodeError) -> str:
    other = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    line = data.count(b"\n", 0, error.start) + 1
    return (
        f"is not {encoding}: byte 0x{data[error.start]:02x} at offset {error.start}, line {line}; "
        f"set `encoding: {other}` for it in sources.yaml if that is how it was written"
    )
