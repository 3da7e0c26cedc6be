"""Rules of sources.yaml: mappings onto the contract that can be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl

from health_pipeline.adapters.sources.params import ColumnMap, TableMap
from health_pipeline.config.checks.names import is_zone, unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue, Path
from health_pipeline.core.schemas.sources import SOURCE_TABLES

TIMES = ("timestamp", "date")
_EXAMPLE = datetime(2024, 1, 31, 13, 45, 59, 123456, tzinfo=UTC)


def _maps(draft: Draft) -> Iterator[tuple[str, TableMap, Path]]:
    """(table, map, path) of every map onto a table of the contract."""
    for table, maps in draft.sources.tables.items():
        if table in SOURCE_TABLES:
            many = isinstance(draft.document("sources").value(("tables", table)), list)
            for n, one in enumerate(maps):
                yield table, one, ("tables", table, n) if many else ("tables", table)


def _columns(draft: Draft) -> Iterator[tuple[str, str, ColumnMap, Path]]:
    """(table, column, how it is made, path) of every mapped column of the contract."""
    for table, one, path in _maps(draft):
        for name, column in one.columns.items():
            if name in SOURCE_TABLES[table].names:
                yield table, name, column, (*path, "columns", name)


def table_names(draft: Draft) -> Iterator[Issue]:
    """Tables and columns are those of the contract."""
    for table in draft.sources.tables:
        yield from unknown(draft, "sources", ("tables", table), table, list(SOURCE_TABLES), "table")
    for table, one, path in _maps(draft):
        for name in one.columns:
            known, where = SOURCE_TABLES[table].names, (*path, "columns", name)
            yield from unknown(draft, "sources", where, name, known, f"column of {table}")


def one_origin(draft: Draft) -> Iterator[Issue]:
    """A column comes from a raw column, or is a constant."""
    for _, _, column, path in _columns(draft):
        if (column.from_ is None) == (column.constant is None):
            words = "neither from nor constant" if column.from_ is None else "from and constant"
            yield draft.issue("sources", path, words, "one of from, constant")
        elif column.constant is not None and column.model_fields_set - {"constant", "when"}:
            yield draft.issue("sources", path, "a constant is not changed", "constant, when")


def joins(draft: Draft) -> Iterator[Issue]:
    """What is put together of several columns is text."""
    for table, name, column, path in _columns(draft):
        if column.join and SOURCE_TABLES[table].column(name).kind != "text":
            words = f"{name} is no text"
            yield draft.issue("sources", (*path, "join"), words, "no such key")


def time_formats(draft: Draft) -> Iterator[Issue]:
    """Formats and zones belong to dates and timestamps, and can be read."""
    for table, name, column, path in _columns(draft):
        kind = SOURCE_TABLES[table].column(name).kind
        given = {"format": column.formats, "zone": column.zone, "plus": column.plus}
        for key in given if kind not in TIMES else ():
            if given[key]:
                words = f"{name} is neither a date nor a timestamp"
                yield draft.issue("sources", (*path, key), words, "no such key")
        for text in column.formats:
            if not _readable(text):
                words = f"{text!r} is not a date format"
                yield draft.issue("sources", (*path, "format"), words, "such as %d-%m-%Y")


def _readable(text: str) -> bool:
    """True when a moment written in this format is read back by the engine of the file source."""
    try:
        written = pl.Series([_EXAMPLE]).dt.strftime(text)
        return bool((written.str.to_datetime(text).dt.year() == _EXAMPLE.year).all())
    except pl.exceptions.PolarsError:
        return False


def durations(draft: Draft) -> Iterator[Issue]:
    """What is added stands in a column, or is one amount for all rows."""
    for _, _, column, path in _columns(draft):
        plus = column.plus
        if plus is not None and (plus.column is None) == (plus.amount is None):
            words = "neither column nor amount" if plus.column is None else "column and amount"
            yield draft.issue("sources", (*path, "plus"), words, "one of column, amount")


def zones(draft: Draft) -> Iterator[Issue]:
    """Zones are named as in the IANA list."""
    for _, _, column, path in _columns(draft):
        if column.zone is not None and not is_zone(column.zone):
            allowed = "an IANA name such as Europe/Berlin"
            yield draft.issue("sources", (*path, "zone"), "not a known time zone", allowed)


def scales(draft: Draft) -> Iterator[Issue]:
    """Only numbers are scaled, and have a sign before their fraction."""
    for table, name, column, path in _columns(draft):
        kind = SOURCE_TABLES[table].column(name).kind
        if kind in ("int", "double", "percent", "money"):
            continue
        for key in ("decimal", "scale"):
            if getattr(column, key) is not None:
                yield draft.issue("sources", (*path, key), f"{name} is not a number", "no such key")


def file_forms(draft: Draft) -> Iterator[Issue]:
    """Encodings are known, and a delimiter is one character."""
    for _, one, path in _maps(draft):
        try:
            "a".encode(one.encoding)  # hex is a codec, and none of text
        except (LookupError, ValueError):
            words, allowed = "not a known encoding", "such as utf-8 or latin-1"
            yield draft.issue("sources", (*path, "encoding"), words, allowed)
        if len(one.delimiter) != 1:
            yield draft.issue("sources", (*path, "delimiter"), "not one character", "such as ;")
