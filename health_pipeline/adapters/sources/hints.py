"""What a person can do about values that a file keeps getting wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import polars as pl

from health_pipeline.adapters.sources.casting import ISO, skipped
from health_pipeline.adapters.sources.contract import NO_DATE
from health_pipeline.adapters.sources.params import ColumnMap

Advice = Iterator[tuple[pl.Series, str]]
"""Which values it is about (a mask of them), and what can be done."""

_AS_IT_STANDS: Mapping[str, ColumnMap] = MappingProxyType({})

_TIMES = {"": "", r" \d{1,2}:\d{2}": " %H:%M", r" \d{1,2}:\d{2}:\d{2}": " %H:%M:%S"}
_DAYS = {
    rf"\d{{1,2}}{mark}\d{{1,2}}{mark}\d{{4}}": (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y")
    for mark in ("-", "/", ".")
}

_COMPACT, _SECONDS, _MILLIS = r"^\d{8}$", r"^\d{9,10}$", r"^\d{12,13}$"
"""A day as 20250131; the seconds and the milliseconds since 1970, of days since 1973 or so."""

_COMMA, _THOUSANDS = r"^[+-]?[\d. ]*\d,\d+$", r"^[+-]?\d{1,3}(?:,\d{3})+(?:[.]\d+)?$"
_DAMAGE = {
    "ragged_row": "it has not as many fields as the header, as where a file was cut short; hand in "
    "the whole row",
    "bad_quotes": "its quotes do not match, as where a file was cut short; hand in the whole row",
    "not_a_json_object": "it is no JSON object, as where a file was cut short; hand in the whole "
    "row",
    "in_the_future": "it lies ahead of the clock that lands it; correct the sender's clock, or its "
    "`zone` in sources.yaml, and hand the row in again",
}


def hints(
    table: str, broken: pl.DataFrame, columns: Mapping[str, ColumnMap] = _AS_IT_STANDS
) -> tuple[str, ...]:
    """One sentence for each rule, and each way to break it, that people can do something about.

    Args:
        table: name of the contract table.
        broken: columns rule, value and origin (`file:line`) of the rejected rows.
        columns: contract column → how the mapping that read these rows makes it.
    """
    sentences = []
    known = broken.filter(pl.col("value").is_not_null())
    for (rule,), rows in sorted(known.partition_by("rule", as_dict=True).items()):
        _, _, column = str(rule).partition(":")
        for about, advice in _advice(str(rule), rows["value"], columns.get(column, ColumnMap())):
            meant = rows.filter(about)
            value, origin = meant.row(0, named=True)["value"], meant["origin"][0]
            sentences.append(
                f"{table}: {meant.height} × {rule}, first {value!r} at {origin}: {advice}"
            )
    return tuple(sentences)


def _advice(rule: str, values: pl.Series, cmap: ColumnMap) -> Advice:
    name, _, column = rule.partition(":")
    if name in ("not_a_date", "not_a_timestamp"):
        moments = name == "not_a_timestamp"
        yield from _distinct(values, _about_times(values, cmap, moments=moments))
    elif name in ("not_a_number", "not_an_integer"):
        yield from _distinct(values, _about_numbers(values, cmap))
    elif advice := _about_all(name, column):
        yield values.is_not_null(), advice


def _about_all(name: str, column: str) -> str | None:
    if name == "not_a_boolean":
        return "map it to true or false by `values` in sources.yaml"
    if name == "not_allowed":
        return "map it to an allowed value by `values` in sources.yaml"
    if name == NO_DATE and column:  # that of an event, in whichever year, names no column
        return (
            "so old a date mostly stands for none; where it does, map what is written to an empty "
            'value in sources.yaml, `values: {"…": ""}`'
        )
    if name.startswith("before_"):
        return "the clock was not set; correct the time and hand the row in again"
    return _DAMAGE.get(name)


def _distinct(values: pl.Series, advice: Advice) -> Advice:
    """Each value with the first advice that is about it; advice about none is not given."""
    told = pl.repeat(value=False, n=values.len(), eager=True)
    for about, words in advice:
        fresh = about & ~told
        if fresh.any():
            yield fresh, words
        told = told | about


def _about_numbers(values: pl.Series, cmap: ColumnMap) -> Advice:
    """Whether the numbers have a decimal comma, or commas between groups of three digits."""
    comma, thousands = (values.str.contains(form) for form in (_COMMA, _THOUSANDS))
    if cmap.decimal:
        signs = values.str.contains(r"^[+-]?\d[\d., \u{A0}\u{202F}'’]*$")
        says = f'is not written as `decimal: "{cmap.decimal}"` says'
        yield signs, f'{says}: groups of three digits, and one "{cmap.decimal}" before the fraction'
    elif (comma & ~thousands).any():
        yield comma, 'looks like a decimal comma; set `decimal: ","` in sources.yaml'
    else:
        yield thousands, 'looks like groups of three digits; set `decimal: "."` in sources.yaml'


def _about_times(values: pl.Series, cmap: ColumnMap, *, moments: bool) -> Advice:
    if cmap.zone:
        skip = f"the clocks of {cmap.zone} skip that hour"
        in_it = _where(values, skipped(pl.col("value"), cmap))
        yield in_it, f"{skip}; correct the time, or `zone` in sources.yaml"
    for form, fits in _looks_like(values, moments=moments):
        if form not in cmap.formats:
            do = "add it to" if cmap.formats else "set"
            yield fits, f"looks like {form}; {do} `format` in sources.yaml"
    unit = "milliseconds since 1970" if moments else "a number of seconds since 1970"
    since = _MILLIS if moments else f"{_SECONDS}|{_MILLIS}"
    yield values.str.contains(since), f"looks like {unit}; hand in ISO 8601"
    if cmap.formats:
        forms = ", ".join(cmap.formats)
        why = "there is no such day or time, or it is written otherwise"
        yield values.is_not_null(), f"`format` ({forms}) cannot read it: {why}"
    else:
        yield (
            values.str.contains(ISO),
            "there is no such day, time or offset; correct it and hand the row in again",
        )


def _where(values: pl.Series, holds: pl.Expr) -> pl.Series:
    return pl.DataFrame({"value": values}).select(holds).to_series()


def _looks_like(values: pl.Series, *, moments: bool) -> Iterator[tuple[str, pl.Series]]:
    """Formats that values keep, and which do.

    Day first if any value needs it or none decides, else month first; then the other way round.
    """
    for day, orders in _DAYS.items():
        for clock, suffix in _TIMES.items():
            shaped = values.str.contains(f"^{day.replace('.', '[.]')}{clock}$")
            if not shaped.any():
                continue
            day_first, month_first = (
                (order + suffix, shaped & _read(values, order + suffix)) for order in orders
            )
            only_month = (month_first[1] & ~day_first[1]).any()
            only_day = (day_first[1] & ~month_first[1]).any()
            swap = only_month and not only_day
            yield from (month_first, day_first) if swap else (day_first, month_first)
    yield "%Y%m%d", values.str.contains(_COMPACT) & _read(values, "%Y%m%d")
    if moments:
        yield "%s", values.str.contains(_SECONDS)


def _read(values: pl.Series, form: str) -> pl.Series:
    # Without a clock it is a day: polars reads no moment of it.
    to_day = pl.col("value").str.to_date(form, strict=False)
    to_moment = pl.col("value").str.to_datetime(form, strict=False)
    return _where(values, (to_moment if "%H" in form else to_day).is_not_null())
