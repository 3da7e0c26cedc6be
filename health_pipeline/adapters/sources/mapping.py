"""Raw columns become contract columns by name; values are chosen here, types come after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from health_pipeline.adapters.sources.params import ELSE, ColumnMap, Lookup, Plus, TableMap
from health_pipeline.adapters.sources.raw import LINE, ROW, Place, Raw
from health_pipeline.core.schemas.columns import SourceTable

PLUS = "+"
"""Prefix of the column that holds the duration to add to the column after it."""

BETWEEN = "/"
"""Between the values of `ColumnMap.join`."""

Lookups = Callable[[Lookup, Place], pl.DataFrame]
"""Gives the text columns `key` (unique, never null) and `value` of a lookup file."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Rows under the names of the contract, not yet of its types.

    Attributes:
        frame: `ROW`, `LINE`, the provided contract columns (text, or the file's own type), and the
            durations to add (`PLUS` + name).
        maps: how each provided column is made, in contract order.
        left_out: rows that `where` filtered, and rows whose `each` list is empty.
        unknown: raw columns that neither the contract nor the mapping names.
    """

    frame: pl.DataFrame
    maps: dict[str, ColumnMap]
    left_out: int
    unknown: frozenset[str]


def columns_wanted(table: SourceTable, tmap: TableMap) -> frozenset[str]:
    """Every raw column that reading `table` through `tmap` may look at."""
    return frozenset(table.names) | _named(tmap)


def columns_needed(table: SourceTable, tmap: TableMap) -> frozenset[str]:
    """The raw columns without which `table` cannot be read through `tmap`."""
    return _named(tmap) | {name for name in table.required if name not in tmap.columns}


def map_columns(
    raw: Raw, table: SourceTable, tmap: TableMap, place: Place, lookups: Lookups
) -> Mapped:
    """The rows of `raw` as `table`, by `tmap`.

    Raises:
        SourceError: the mapping names a column that the file or the contract lacks, or the file
            lacks a column that the contract requires.
    """
    _check_names(raw, table, tmap, place)
    own = {name: ColumnMap() for name in raw.columns if name not in tmap.columns}
    made = {**own, **tmap.columns}
    maps = {name: made[name] for name in table.names if name in made}
    frame = _trimmed(raw.frame)
    kept = _exploded(frame.filter(_all_listed(tmap.where)), tmap.each, place)
    left_out = frame.height - frame.filter(_all_listed(tmap.where)).height
    if tmap.each is not None:
        left_out += kept[tmap.each].null_count()
        kept = kept.filter(pl.col(tmap.each).is_not_null())
    values = [
        _value(name, cmap, kept.schema, place, lookups).alias(name) for name, cmap in maps.items()
    ]
    durations = [
        _duration(cmap.plus, kept.schema, place).alias(PLUS + name)
        for name, cmap in maps.items()
        if cmap.plus is not None
    ]
    unknown = frozenset(raw.columns) - frozenset(table.names) - _named(tmap)
    rows = kept.select(LINE, *values, *durations).with_row_index(ROW)
    return Mapped(rows, maps, left_out, unknown)


def _named(tmap: TableMap) -> frozenset[str]:
    names: set[str] = {*tmap.where, *((tmap.each,) if tmap.each else ())}
    for cmap in tmap.columns.values():
        names.update(cmap.when)
        names.update((cmap.from_,) if cmap.from_ else ())
        names.update(cmap.join)
        names.update((cmap.plus.column,) if cmap.plus and cmap.plus.column else ())
    return frozenset(names)


def _check_names(raw: Raw, table: SourceTable, tmap: TableMap, place: Place) -> None:
    strange = [name for name in tmap.columns if name not in table.names]
    if strange:
        raise place.error(
            f"the mapping makes {_listed(strange)}, but the table has only {_listed(table.names)}"
        )
    own = {n for n, c in tmap.columns.items() if c.from_ is None and c.constant is None}
    absent = sorted((_named(tmap) | own) - set(raw.columns))
    if absent:
        raise place.error(f"the mapping reads {_listed(absent)}; {_found(raw)}")
    missing = [n for n in table.required if n not in raw.columns and n not in tmap.columns]
    if missing:
        raise place.error(f"the contract also requires {_listed(missing)}; {_found(raw)}")


def _found(raw: Raw) -> str:
    hint = ""
    if len(raw.columns) == 1 and any(mark in raw.columns[0] for mark in ";\t|,"):
        hint = " (if that is several, set `delimiter` for the file in sources.yaml)"
    if any("\0" in name for name in raw.columns):
        hint = " (every other byte is 0: set `encoding: utf-16-le` or utf-16-be in sources.yaml)"
    return f"columns found: {_listed(raw.columns)}{hint}".replace("\0", "")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _trimmed(frame: pl.DataFrame) -> pl.DataFrame:
    """Text, also of a dictionary, without surrounding blanks; nothing at all is null."""
    schema = frame.schema.items()
    coded = [name for name, dtype in schema if isinstance(dtype, pl.Categorical | pl.Enum)]
    frame = frame.with_columns(pl.col(coded).cast(pl.String))
    text = pl.col(pl.String).str.strip_chars()
    return frame.with_columns(text).with_columns(pl.col(pl.String).replace("", None))


def _all_listed(wanted: dict[str, tuple[str, ...]]) -> pl.Expr:
    """True where each column has one of its values; an empty cell is the value ""."""
    return pl.all_horizontal(
        pl.lit(True),
        *(
            pl.col(name).cast(pl.String).fill_null("").is_in(values)
            for name, values in wanted.items()
        ),
    )


def _exploded(frame: pl.DataFrame, each: str | None, place: Place) -> pl.DataFrame:
    if each is None:
        return frame
    lists = frame
    if frame.schema[each] == pl.String:
        try:
            lists = frame.with_columns(pl.col(each).str.json_decode(pl.List(pl.String)))
        except pl.exceptions.ComputeError as error:
            raise place.error(f"`each: {each}` needs a JSON list in every row") from error
    if not isinstance(lists.schema[each], pl.List):
        raise place.error(f"`each: {each}` needs a list, but it holds {frame.schema[each]}")
    return _trimmed(lists.explode(each, empty_as_null=True, keep_nulls=True))


def _value(
    name: str, cmap: ColumnMap, schema: pl.Schema, place: Place, lookups: Lookups
) -> pl.Expr:
    if cmap.constant is not None:
        value = pl.lit(str(cmap.constant))
    elif cmap.join:
        parts = [_as_text(part, schema, place) for part in (cmap.from_ or name, *cmap.join)]
        value = pl.concat_str(parts, separator=BETWEEN)
    elif cmap.lookup is None and not cmap.values and cmap.prefix is None:
        value = _native(cmap.from_ or name, schema, place)
    else:
        value = _as_text(cmap.from_ or name, schema, place)
    if cmap.lookup is not None:
        value = _replaced(value, lookups(cmap.lookup, place), pl.lit(None, pl.String))
    if cmap.when:
        value = pl.when(_all_listed(cmap.when)).then(value)
    if cmap.values:
        value = _translated(value, cmap.values)
    if cmap.prefix is not None:
        value = pl.lit(cmap.prefix) + value  # null stays null
    if cmap.plus is not None and cmap.plus.column is not None:
        value = pl.when(pl.col(cmap.plus.column).is_not_null()).then(value)
    return value


def _duration(plus: Plus, schema: pl.Schema, place: Place) -> pl.Expr:
    if plus.column is None:
        return pl.lit(f"{plus.amount:g}")
    return _as_text(plus.column, schema, place)


def _translated(value: pl.Expr, values: dict[str, str]) -> pl.Expr:
    table = pl.DataFrame(
        [(old, new) for old, new in values.items() if old != ELSE],
        schema={"key": pl.String, "value": pl.String},
        orient="row",
    )
    rest = pl.lit(values[ELSE]) if ELSE in values else value
    return pl.when(value.is_not_null()).then(_replaced(value, table, rest)).replace("", None)


def _replaced(value: pl.Expr, table: pl.DataFrame, rest: pl.Expr) -> pl.Expr:
    return value.replace_strict(table["key"], table["value"], default=rest, return_dtype=pl.String)


def _native(column: str, schema: pl.Schema, place: Place) -> pl.Expr:
    dtype = schema[column]
    if dtype.is_nested() or dtype == pl.Binary:
        raise place.error(f"column {column} holds {dtype}; a single value is needed (see `each`)")
    return pl.col(column)


def _as_text(column: str, schema: pl.Schema, place: Place) -> pl.Expr:
    return as_text(_native(column, schema, place), schema[column])


def as_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A single value as text; a whole number that is carried as a float has no ".0"."""
    if dtype.is_float():
        whole = value.is_finite() & (value == value.round()) & (value.abs() < 2**53)
        return (
            pl.when(whole)
            .then(value.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(value.cast(pl.String))
        )
    return value.cast(pl.String)
