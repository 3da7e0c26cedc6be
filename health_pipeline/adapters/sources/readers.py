"""Files as they stand: bytes in, raw columns out. Knows formats, not the contract.

Text formats give text only, so that no identifier loses a leading zero; Parquet keeps its types.
A file comes in slices, so that the largest is read with the memory of one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.delimited import read_delimited
from health_pipeline.adapters.sources.json_rows import read_json_array, read_json_lines
from health_pipeline.adapters.sources.params import TableMap
from health_pipeline.adapters.sources.raw import LINE, Place, Raw, none_broken
from health_pipeline.adapters.sources.text import PIECE, WHOLE, Piece, pieces

SLICE = 2**19
"""Rows of a slice of a Parquet file."""


def read_raw(path: Path, place: Place, tmap: TableMap, wanted: Collection[str]) -> Raw:
    """`wanted` columns of the whole file at `path`.

    Raises:
        SourceError: the file cannot be read as what its name says.
    """
    (raw,) = read_slices(path, place, tmap, wanted, rows=WHOLE)
    return raw


def read_slices(
    path: Path, place: Place, tmap: TableMap, wanted: Collection[str], rows: int = SLICE
) -> Iterator[Raw]:
    """`wanted` columns of the file at `path` in slices, read by its suffix; at least one.

    Args:
        path: the file.
        place: names it in errors.
        tmap: its encoding, delimiter, and whether it is a JSON array.
        wanted: columns that are asked for.
        rows: of a slice of a Parquet file. Text is sliced by its bytes, `WHOLE` not at all.

    Raises:
        SourceError: the file cannot be read as what its name says. Slices of it that were given
            before are then void.
    """
    end = path.suffix.lower()
    if end == ".parquet":
        return _parquet(path, place, wanted, rows)
    size = PIECE if rows < WHOLE else WHOLE
    if end == ".ndjson":
        return read_json_lines(lambda: _text(path, place, tmap, size, quotes=False), wanted)
    if end == ".json":
        return iter((_array(path, place, tmap, wanted),))
    text = _text(path, place, tmap, size, quotes=True)
    return read_delimited(text, place, tmap.delimiter, wanted)


def _text(path: Path, place: Place, tmap: TableMap, size: int, *, quotes: bool) -> Iterator[Piece]:
    return pieces(path, place, tmap.encoding, quotes=quotes, size=size)


def _array(path: Path, place: Place, tmap: TableMap, wanted: Collection[str]) -> Raw:
    if not tmap.array:
        raise place.error(
            "is a .json file; set `array: true` for it in sources.yaml if it holds one JSON "
            "array, or name it .ndjson if it holds one object a line"
        )
    (whole,) = _text(path, place, tmap, WHOLE, quotes=False)
    return read_json_array(whole.data, place, wanted)


def _parquet(path: Path, place: Place, wanted: Collection[str], rows: int) -> Iterator[Raw]:
    try:
        scan = pl.scan_parquet(path, hive_partitioning=False)
        columns = tuple(scan.collect_schema().names())
        chosen = [name for name in columns if name in wanted]
        height = scan.select(pl.len()).collect().item()
        for start in range(0, max(height, 1), rows):
            part = scan.select(chosen).slice(start, min(rows, height)).collect()
            numbered = part.with_row_index(LINE, offset=start + 1)
            yield Raw(numbered, columns, none_broken(LINE))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        first_line = str(error).split("\n", 1)[0]
        raise place.error(f"cannot be read as Parquet: {first_line}") from error
