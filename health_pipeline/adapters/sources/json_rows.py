"""JSON objects as rows of text, without a guess at types: numbers keep the digits they carry."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

import duckdb
import polars as pl

from health_pipeline.adapters.sources.raw import LINE, Place, Raw
from health_pipeline.adapters.sources.text import Piece

_OBJECTS = """
create temp view objects as select "#line", text from items
where case when json_valid(text) then json_type(text) end = 'OBJECT'
"""


def read_json_lines(
    pieces: Callable[[], Iterable[Piece]], wanted: Collection[str]
) -> Iterator[Raw]:
    """One object a line; blank lines are no rows, other lines are `not_a_json_object`.

    A file of several pieces is read twice: any line may be the first to name a column.
    """
    first = list(islice(pieces(), 2))
    columns = None
    if len(first) > 1:
        columns = tuple(sorted({key for piece in pieces() for key in _keys(_lines(piece))}))
    for piece in pieces() if columns else first:
        yield _rows(_lines(piece), wanted, columns)


def _lines(piece: Piece) -> pl.DataFrame:
    if not piece.data:
        return pl.DataFrame(schema={LINE: pl.UInt32(), "text": pl.String()})
    lines = pl.read_lines(io.BytesIO(piece.data), name="text")
    numbered = lines.with_row_index(LINE, offset=piece.first_line)
    return numbered.filter(pl.col("text").str.strip_chars() != "")


def _keys(items: pl.DataFrame) -> tuple[str, ...]:
    with duckdb.connect() as con:
        con.register("items", items)
        con.execute(_OBJECTS)
        query = "select distinct unnest(json_keys(text)) from objects order by 1"
        return tuple(key for (key,) in con.sql(query).fetchall())


def read_json_array(data: bytes, place: Place, wanted: Collection[str]) -> Raw:
    """One array of objects; an element's place in it takes the role of a line number."""
    document = data.decode()
    with duckdb.connect() as con:
        kind = "select case when json_valid($1) then json_type($1) end"
        if con.sql(kind, params=[document]).fetchall() != [("ARRAY",)]:
            raise place.error("is not one JSON array, as `array: true` in sources.yaml says")
        each = "select unnest(json_extract($1, '$[*]'))::varchar as text"
        items = con.sql(each, params=[document]).pl()
    return _rows(items.with_row_index(LINE, offset=1), wanted)


def _rows(
    items: pl.DataFrame, wanted: Collection[str], columns: tuple[str, ...] | None = None
) -> Raw:
    known = _keys(items) if columns is None else columns
    chosen = [name for name in known if name in wanted]
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in chosen]
    with duckdb.connect() as con:
        con.register("items", items)
        con.execute(_OBJECTS)
        query = 'select "#line", json_extract_string(text, $1::varchar[]) as cells from objects'
        found = con.sql(query, params=[pointers]).pl().sort(LINE)
    cells = [pl.col("cells").list.get(n).alias(name) for n, name in enumerate(chosen)]
    return Raw(
        found.select(pl.col(LINE).cast(pl.UInt32), *cells),
        known,
        items.join(found, on=LINE, how="anti", maintain_order="left").select(
            pl.col(LINE).cast(pl.UInt32),
            pl.lit("not_a_json_object").alias("rule"),
            pl.col("text").alias("value"),
        ),
    )
