"""JSON objects as rows of text, without a guess at types: numbers keep the digits they carry."""

from __future__ import annotations

import io
from collections.abc import Collection

import duckdb
import polars as pl

from health_pipeline.adapters.sources.raw import LINE, Place, Raw

_OBJECTS = """
select "#line", text from items
where case when json_valid(text) then json_type(text) end = 'OBJECT'
"""


def read_json_lines(data: bytes, wanted: Collection[str]) -> Raw:
    """One object a line; blank lines are no rows, other lines are `not_a_json_object`."""
    if not data:
        return _rows(pl.DataFrame(schema={LINE: pl.UInt32(), "text": pl.String()}), wanted)
    lines = pl.read_lines(io.BytesIO(data), name="text").with_row_index(LINE, offset=1)
    return _rows(lines.filter(pl.col("text").str.strip_chars() != ""), wanted)


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


def _rows(items: pl.DataFrame, wanted: Collection[str]) -> Raw:
    with duckdb.connect() as con:
        con.register("items", items)
        con.sql(f"create temp table objects as {_OBJECTS}")
        keys = con.sql("select distinct unnest(json_keys(text)) from objects").fetchall()
        columns = tuple(sorted(key for (key,) in keys))
        chosen = [name for name in columns if name in wanted]
        pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in chosen]
        query = 'select "#line", json_extract_string(text, $1::varchar[]) as cells from objects'
        found = con.sql(query, params=[pointers]).pl().sort(LINE)
    cells = [pl.col("cells").list.get(n).alias(name) for n, name in enumerate(chosen)]
    return Raw(
        found.select(pl.col(LINE).cast(pl.UInt32), *cells),
        columns,
        items.join(found, on=LINE, how="anti", maintain_order="left").select(
            pl.col(LINE).cast(pl.UInt32),
            pl.lit("not_a_json_object").alias("rule"),
            pl.col("text").alias("value"),
        ),
    )
