"""How far the dates of a file go, without reading more of it than they need."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.casting import typed
from health_pipeline.adapters.sources.file import Feed, with_partitions
from health_pipeline.adapters.sources.mapping import (
    PLUS,
    columns_needed,
    columns_wanted,
    map_columns,
)
from health_pipeline.adapters.sources.params import ColumnMap, TableMap
from health_pipeline.adapters.sources.raw import Place, Raw
from health_pipeline.adapters.sources.readers import read_slices
from health_pipeline.core.schemas.columns import SourceTable


def last_date(
    folder: Path, table: SourceTable, feed: Feed, column: str, until: date
) -> date | None:
    """The last day, `until` at most, in `column` of one file; None where it has none.

    Args:
        folder: the sources folder.
        table: the contract.
        feed: the file and its mapping.
        column: a date or timestamp of the contract.
        until: later days are mistakes.

    Raises:
        SourceError: the file cannot be read, or lacks a column that it must have.
    """
    if feed.ref.path.suffix.lower() == ".parquet":
        said = _by_statistics(feed, table, column)
        if said is not None and said <= until:
            return said
    place = Place(table.name, feed.ref.path.relative_to(folder).as_posix())
    tmap = _narrowed(feed.tmap, column)
    narrow = replace(table, key=(), columns=(table.column(column),))
    wanted = columns_wanted(narrow, tmap)
    found: list[date] = []
    for raw in read_slices(feed.ref.path, place, tmap, wanted):
        whole = with_partitions(raw, place, wanted)
        missing = columns_needed(table, feed.tmap) - {*raw.columns, *whole.columns}
        if raw.columns and missing:
            raise place.error(f"lacks {', '.join(sorted(missing))}")
        days = _days(whole, narrow, tmap, place, feed, column)
        found.extend(days.filter(days <= until).drop_nulls().sort().tail(1).to_list())
    return max(found, default=None)


def _narrowed(tmap: TableMap, column: str) -> TableMap:
    kept = {name: cmap for name, cmap in tmap.columns.items() if name == column}
    return tmap.model_copy(update={"columns": kept})


def _days(
    raw: Raw, narrow: SourceTable, tmap: TableMap, place: Place, feed: Feed, column: str
) -> pl.Series:
    if not raw.columns:
        return pl.Series([], dtype=pl.Date)
    columns = tuple(name for name in raw.columns if name in raw.frame.columns)
    shown = Raw(raw.frame, columns, raw.broken)
    mapped = map_columns(shown, narrow, tmap, place, feed.lookups)
    cmap, dtype = mapped.maps[column], mapped.frame.schema[column]
    value = typed(narrow.column(column), cmap, dtype, pl.col(PLUS + column))
    return mapped.frame.select(value.cast(pl.Date).alias(column)).to_series()


def _by_statistics(feed: Feed, table: SourceTable, column: str) -> date | None:
    """What the file says of its greatest value, where every row counts and counts as it stands."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    cmap = feed.tmap.columns.get(column, ColumnMap())
    name = cmap.from_ or column
    if feed.tmap.where or feed.tmap.each or cmap != ColumnMap(from_=cmap.from_):
        return None
    try:
        found = pq.read_metadata(feed.ref.path)
    except (pa.ArrowException, OSError):
        return None  # reading it says what is wrong
    names = found.schema.names
    if not {name, *columns_needed(table, feed.tmap)} <= set(names) or len(set(names)) < len(names):
        return None
    place = names.index(name)
    groups = [found.row_group(n).column(place).statistics for n in range(found.num_row_groups)]
    if not groups or any(group is None or not group.has_min_max for group in groups):
        return None
    return max((_day(group.max) for group in groups), default=None)


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).date()
    return value if isinstance(value, date) else date.max
