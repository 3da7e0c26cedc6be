"""What a person can do about values that a file keeps getting wrong."""

from __future__ import annotations

import polars as pl

_TIMES = {"": "", r" \d{1,2}:\d{2}": " %H:%M", r" \d{1,2}:\d{2}:\d{2}": " %H:%M:%S"}
_DAYS = {
    rf"\d{{1,2}}{mark}\d{{1,2}}{mark}\d{{4}}": (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y")
    for mark in ("-", "/", ".")
}

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


def hints(table: str, broken: pl.DataFrame) -> tuple[str, ...]:
    """One sentence for each rule that people can do something about.

    Args:
        table: name of the contract table.
        broken: columns rule, value and origin (`file:line`) of the rejected rows.
    """
    found = broken.group_by("rule").agg(
        pl.len(), pl.col("value").drop_nulls().unique(maintain_order=True), pl.col("origin").first()
    )
    sentences = []
    for rule, count, values, origin in found.sort("rule").iter_rows():
        advice = _advice(rule, values)
        if advice:
            first = f"{count} × {rule}, first {values[0]!r} at {origin}"
            sentences.append(f"{table}: {first}: {advice}")
    return tuple(sentences)


def _advice(rule: str, values: list[str]) -> str | None:
    name = rule.split(":", maxsplit=1)[0]
    if name in ("not_a_date", "not_a_timestamp"):
        form = _looks_like(pl.Series(values, dtype=pl.String))
        return f"looks like {form}; set `format` in sources.yaml" if form else None
    if name in ("not_a_number", "not_an_integer"):
        return _about_numbers(pl.Series(values, dtype=pl.String))
    if name == "not_a_boolean":
        return "map it to true or false by `values` in sources.yaml"
    if name == "not_allowed":
        return "map it to an allowed value by `values` in sources.yaml"
    if name.startswith("before_"):
        return "the clock was not set; correct the time and hand the row in again"
    return _DAMAGE.get(name)


def _about_numbers(values: pl.Series) -> str | None:
    """Whether the numbers have a decimal comma, or commas between groups of three digits."""
    comma, thousands = (values.str.contains(form) for form in (_COMMA, _THOUSANDS))
    if (comma & ~thousands).any():
        return 'looks like a decimal comma; set `decimal: ","` in sources.yaml'
    if thousands.any():
        return 'looks like groups of three digits; set `decimal: "."` in sources.yaml'
    return None


def _looks_like(values: pl.Series) -> str | None:
    """The day-first format if any value needs it or none decides, else the month-first one."""
    for day, (day_first, month_first) in _DAYS.items():
        for clock, suffix in _TIMES.items():
            fits = values.filter(values.str.contains(f"^{day.replace('.', '[.]')}{clock}$"))
            if fits.is_empty():
                continue
            second = fits.str.extract(r"^\d+\D(\d+)").cast(pl.Int64)
            return (month_first if (second > 12).any() else day_first) + suffix
    return None
