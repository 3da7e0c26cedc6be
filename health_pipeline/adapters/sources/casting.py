"""One value of a file becomes one value of the contract, or null where it cannot be."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from health_pipeline.adapters.sources.mapping import as_text
from health_pipeline.adapters.sources.params import ColumnMap, Plus
from health_pipeline.core.schemas.columns import MONEY, Column, Kind

TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")

NOT_A: dict[Kind, str] = {
    "timestamp": "not_a_timestamp",
    "date": "not_a_date",
    "bool": "not_a_boolean",
    "int": "not_an_integer",
    "double": "not_a_number",
    "percent": "not_a_number",
    "money": "not_a_number",
}
"""Rule that a value breaks when it cannot be read as its column's kind (text always can)."""

NOT_FINITE = r"^(?i)[+-]?(nan|inf|infinity)$"
"""How text says that a number is none."""

ISO = (
    r"^(?<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?"
    r"(?<zone>Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$"
)
"""ISO 8601 as exports write it: a day, or a day and a time with or without offset."""

_GROUPS = {",": r"[. \u{A0}\u{202F}'’]", ".": r"[, \u{A0}\u{202F}'’]"}
"""What may stand between groups of three digits, by the sign before the fraction."""

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_WEST, _EAST = -12 * 60, 14 * 60
"""Minutes east of Greenwich: the offsets that exist lie between them."""

_YEARS = (1000, 9999)  # "%Y" also matches two digits: "24" is no year that anyone means


def typed(column: Column, cmap: ColumnMap, dtype: pl.DataType, duration: pl.Expr) -> pl.Expr:
    """`column` of the mapped frame in the type of the contract; null where it cannot be read.

    Args:
        column: the contract's column.
        cmap: decimal, scale, formats and zone of the value.
        dtype: the type that the file gave it.
        duration: number to add, in `cmap.plus.unit`; used only when `cmap.plus` is set.
    """
    value = pl.col(column.name)
    if cmap.decimal and dtype == pl.String:
        value = _pointed(value, cmap.decimal)
    text = as_text(value, dtype)
    match column.kind:
        case "text":
            read = pl.when(value.is_finite()).then(text) if dtype.is_float() else text
        case "bool":
            read = value if dtype == pl.Boolean else _boolean(text)
        case "int":
            read = _integer(value, text, dtype, cmap.scale)
        case "double" | "percent":
            read = _finite(value.cast(pl.Float64, strict=False) * (cmap.scale or 1.0))
        case "money":
            read = _money(text, cmap.scale)
        case "timestamp":
            read = _timestamp(value, dtype, cmap, duration)
        case "date":
            read = _date(value, dtype, cmap, duration)
    return read


def _pointed(text: pl.Expr, decimal: str) -> pl.Expr:
    """`1.234,50` as `1234.50`; null where a number is not written so."""
    groups = _GROUPS[decimal]
    written = rf"^[+-]?(?:\d+|\d{{1,3}}(?:{groups}\d{{3}})+)(?:[{decimal}]\d+)?$"
    bare = text.str.replace_all(groups, "").str.replace(decimal, ".", literal=True)
    return pl.when(text.str.contains(written)).then(bare)


def _boolean(text: pl.Expr) -> pl.Expr:
    lower = text.str.to_lowercase()
    return (
        pl.when(lower.is_in(TRUE)).then(pl.lit(True)).when(lower.is_in(FALSE)).then(pl.lit(False))
    )


def _integer(value: pl.Expr, text: pl.Expr, dtype: pl.DataType, scale: float | None) -> pl.Expr:
    if scale is not None:
        scaled = _finite(value.cast(pl.Float64, strict=False) * scale)
        return pl.when(scaled == scaled.round()).then(scaled.cast(pl.Int64, strict=False))
    if dtype.is_integer():
        return value.cast(pl.Int64, strict=False)
    # "4.0" is how spreadsheets and data frames write 4 in a column with gaps.
    return text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)


def _finite(number: pl.Expr) -> pl.Expr:
    return pl.when(number.is_finite()).then(number)


def _money(text: pl.Expr, scale: float | None) -> pl.Expr:
    """Decimal from text, half to even at the second place (what polars does for this cast)."""
    if scale is None:
        return text.cast(MONEY, strict=False)
    exact = text.cast(pl.Decimal(38, 10), strict=False) * pl.lit(Decimal(str(scale)))
    return exact.cast(MONEY, strict=False)


def _timestamp(value: pl.Expr, dtype: pl.DataType, cmap: ColumnMap, duration: pl.Expr) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        moment = _in_utc(value.dt.cast_time_unit("us"), dtype.time_zone, cmap.zone)
    elif dtype == pl.Date:
        moment = _in_utc(value.cast(pl.Datetime("us")), None, cmap.zone)
    elif cmap.formats:
        moment = pl.coalesce(_formatted(value.cast(pl.String), f, cmap.zone) for f in cmap.formats)
    else:
        moment = _iso(value.cast(pl.String), cmap.zone)
    if cmap.plus is not None:
        moment = moment + _length(duration, cmap.plus)
    return pl.when(moment.dt.year().is_between(*_YEARS)).then(moment)


def skipped(text: pl.Expr, cmap: ColumnMap) -> pl.Expr:
    """True where `text` is a moment, but for the clocks of `cmap.zone`, which skip it."""

    def read(zone: str | None) -> pl.Expr:
        bare = cmap.model_copy(update={"zone": zone, "plus": None})
        return _timestamp(text, pl.String(), bare, pl.lit(None))

    return read(cmap.zone).is_null() & read(None).is_not_null()


def _length(duration: pl.Expr, plus: Plus) -> pl.Expr:
    micros = _finite(duration.cast(pl.Float64, strict=False)) * 1e6 * _SECONDS[plus.unit]
    return pl.duration(microseconds=micros.round().cast(pl.Int64, strict=False))


def _in_utc(naive: pl.Expr, own_zone: str | None, zone: str | None) -> pl.Expr:
    """An hour that occurs twice is its first; one that the clocks skip is null."""
    if own_zone is not None:
        return naive.dt.convert_time_zone("UTC")
    local = naive.dt.replace_time_zone(zone or "UTC", ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _formatted(text: pl.Expr, form: str, zone: str | None) -> pl.Expr:
    if any(mark in form for mark in ("%z", "%:z", "%#z")):
        moment = text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        if not form.endswith("z"):
            return moment
        offset = text.str.extract(r"([+-]\d{2}(?::?\d{2})?)$")
        return pl.when(offset.is_null() | _offset(offset).is_not_null()).then(moment)
    own = None if "%s" in form else zone  # seconds since 1970 are the same everywhere
    return _in_utc(text.str.to_datetime(form, strict=False, time_unit="us"), None, own)


def _iso(text: pl.Expr, zone: str | None) -> pl.Expr:
    parts = text.str.extract_groups(ISO)
    time = parts.struct.field("time").fill_null("00:00")
    seconds = pl.when(time.str.len_bytes() == 5).then(pl.lit(":00")).otherwise(pl.lit(""))
    written = parts.struct.field("day") + "T" + time + seconds
    naive = written.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    offset = parts.struct.field("zone")
    return (
        pl.when(offset.is_null())
        .then(_in_utc(naive, None, zone))
        .otherwise(naive.dt.replace_time_zone("UTC") - _offset(offset))
    )


def _offset(zone: pl.Expr) -> pl.Expr:
    """The offset `+02:00`, `-0530`, `+02`, `Z` or `UTC` as a duration east of Greenwich.

    Null where no place has it: beyond -12:00 and +14:00, or 60 minutes and more.
    """
    digits = zone.str.replace_all(r"[^0-9]", "").str.pad_end(4, "0")
    hours, minutes = (digits.str.slice(start, 2).cast(pl.Int64) for start in (0, 2))
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    east = sign * (hours * 60 + minutes)
    exists = (minutes < 60) & east.is_between(_WEST, _EAST)
    return pl.when(exists).then(pl.duration(minutes=east))


def _date(value: pl.Expr, dtype: pl.DataType, cmap: ColumnMap, duration: pl.Expr) -> pl.Expr:
    """The day as written; only a moment with an offset is first brought to UTC."""
    if dtype == pl.Date:
        day = value
    elif isinstance(dtype, pl.Datetime):
        day = _in_utc(value, dtype.time_zone, None).dt.date()
    elif cmap.formats:
        day = pl.coalesce(value.cast(pl.String).str.to_date(f, strict=False) for f in cmap.formats)
    else:
        day = _iso(value.cast(pl.String), None).dt.date()
    if cmap.plus is not None:
        day = (day.cast(pl.Datetime("us")) + _length(duration, cmap.plus)).dt.date()
    return pl.when(day.dt.year().is_between(*_YEARS)).then(day)
