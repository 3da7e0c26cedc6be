"""CSV, exactly: every record of the file is either read or named as broken (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator

import polars as pl

from health_pipeline.adapters.sources.raw import LINE, Place, Raw
from health_pipeline.adapters.sources.text import Piece

QUOTE = '"'


def read_delimited(
    pieces: Iterable[Piece], place: Place, delimiter: str, wanted: Collection[str]
) -> Iterator[Raw]:
    """Text columns of a CSV file whose first record is a header; blank lines are no records.

    A record with more or fewer fields than the header is `ragged_row`, one whose quotes do not
    match is `bad_quotes`; a stray quote never swallows the lines after it.
    """
    if len(delimiter.encode()) != 1:
        raise place.error(f"`delimiter` must be one character, not {delimiter!r}")
    columns: tuple[str, ...] | None = None
    for piece in pieces:
        records = _records(piece, delimiter)
        if columns is None:
            if records.is_empty():
                raise place.error("is empty: it has not even a header line")
            columns = _header(records["text"][0], records[LINE][0], place, delimiter)
            records = records.slice(1)
        yield _raw(_unswallowed(records, delimiter), columns, place, delimiter, wanted)


def _raw(
    body: pl.DataFrame,
    columns: tuple[str, ...],
    place: Place,
    delimiter: str,
    wanted: Collection[str],
) -> Raw:
    fits = (pl.col("fields") == len(columns)).fill_null(value=False)
    good = body.filter(fits)
    frame = _parsed(good["text"], columns, delimiter)
    if frame.height != good.height:
        raise place.error(f"has {good.height} records, but {frame.height} of them could be parsed")
    chosen = [name for name in columns if name in wanted]
    rule = pl.when(pl.col("fields").is_null()).then(pl.lit("bad_quotes"))
    return Raw(
        frame.with_columns(good[LINE]).select(LINE, *chosen),
        columns,
        body.filter(~fits).select(
            LINE,
            rule.otherwise(pl.lit("ragged_row")).alias("rule"),
            pl.col("text").alias("value"),
        ),
    )


def _header(record: str, line: int, place: Place, delimiter: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader(io.StringIO(record), delimiter=delimiter))
    except csv.Error as error:
        raise place.error(
            f"its header, line {line}, cannot be read: {error}; its quotes must match, and every "
            "line end in one way"
        ) from error
    names = tuple(cell.strip() or f"unnamed_{n}" for n, cell in enumerate(cells, 1))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise place.error(f"has two columns of one name: {', '.join(twice)}")
    return names


def _parsed(records: pl.Series, columns: tuple[str, ...], delimiter: str) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String())
    if records.is_empty():
        return pl.DataFrame(schema=schema)
    body = records.str.join("\n").item().encode()
    return pl.read_csv(body, has_header=False, schema=schema, separator=delimiter)


def _records(piece: Piece, delimiter: str) -> pl.DataFrame:
    """`LINE` of its first line, `text`, `fields` (null: its quotes do not match), `lines`."""
    data = piece.data
    if not data:
        return pl.DataFrame(schema={"text": pl.String()})
    lines = pl.read_lines(io.BytesIO(data), name="text").with_row_index(LINE, piece.first_line)
    records = lines.with_columns(pl.lit(1, pl.UInt32).alias("lines"))
    if QUOTE.encode() in data:
        odd = pl.col("text").str.count_matches(QUOTE, literal=True) % 2
        # A line opens a record when an even number of quotes stands before it.
        opens = (odd.cum_sum() - odd) % 2 == 0
        records = (
            lines.group_by(opens.cum_sum().alias("record"), maintain_order=True)
            .agg(pl.col(LINE).first(), pl.col("text").str.join("\n"), pl.len().alias("lines"))
            .drop("record")
        )
    return _counted(records.filter(pl.col("text").str.strip_chars() != ""), delimiter)


def _counted(records: pl.DataFrame, delimiter: str) -> pl.DataFrame:
    text = pl.col("text")
    if not records["text"].str.contains(QUOTE, literal=True).any():
        return records.with_columns(fields=text.str.count_matches(delimiter, literal=True) + 1)
    bare = rf'[^"{_escaped(delimiter)}]*'
    field = rf'(?:"(?:[^"]|"")*"|{bare})'
    sound = text.str.contains(rf"^{field}(?:[{_escaped(delimiter)}]{field})*$")
    outside = text.str.replace_all(r'"[^"]*"', "")
    return records.with_columns(
        fields=pl.when(sound).then(outside.str.count_matches(delimiter, literal=True) + 1)
    )


def _escaped(delimiter: str) -> str:
    return "\\" + delimiter if delimiter in r"\^]-[&~" else delimiter


def _unswallowed(records: pl.DataFrame, delimiter: str) -> pl.DataFrame:
    """Records of several lines whose quotes do not match are taken line by line again."""
    fits = pl.col("fields").is_not_null() | (pl.col("lines") == 1)
    if records.select(fits.all()).item():
        return records
    lines = (
        records.filter(~fits)
        .with_columns(pl.col("text").str.split("\n"))
        .with_columns(pl.int_ranges(pl.col("lines"), dtype=pl.UInt32).alias("nth"))
        .explode("text", "nth")
        .with_columns(pl.col(LINE) + pl.col("nth"))
        .drop("nth")
        .filter(pl.col("text").str.strip_chars() != "")
    )
    return pl.concat([records.filter(fits), _counted(lines, delimiter)]).sort(LINE)
