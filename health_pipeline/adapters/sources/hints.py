"""What a person can do about values that a file keeps getting wrong."""

from __future__ import annotations

import polars as pl

_TIMES = {"": "", r" \d{1,2}:\d{2}": " %H:%M", r" \d{1,2}:\d{2}:\d{2}": " %H:%M:%S"}
_DAYS = {
    rf"\d{{1,2}}{mark}\d{{1,2}}{mark}\d{{4}}": (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y")
    for mark in ("-", "/", ".")
}


def hints(table: str, broken: pl.DataFrame) -> tuple[str, ...]:
    """One sentence for each rule that a change of sources.yaml would mend.

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
            sentences.append(f"{table}: {first}: {advice} in sources.yaml")
    return tuple(sentences)


def _advice(rule: str, values: list[str]) -> str | None:
    if rule.startswith(("not_a_date:", "not_a_timestamp:")):
        form = _looks_like(pl.Series(values, dtype=pl.String))
        return f"looks like {form}; set `format`" if form else None
    if rule.startswith("not_allowed:"):
        return "map it to an allowed value by `values`"
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
