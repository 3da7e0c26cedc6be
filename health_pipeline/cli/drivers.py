"""Every driver of an account's score as one table: what adds up to the score, group by group."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import floor
from typing import Any

import polars as pl
from rich import box
from rich.markup import escape
from rich.table import Table

from health_pipeline.cli.render import WIDE, code_words
from health_pipeline.core.explanation.figures import figure
from health_pipeline.core.schemas.words import DRIFT
from health_pipeline.core.scoring.display import shown_parts

TITLE = "Value → thresholds → subscore x weight = points"
NARROW_TITLE = "Value → subscore x weight = points"
KNOTS = ("k0", "k60", "k80", "k100")
SUMS = ("weight", "points", "points_vs_reference")
FIGURES = ("subscore", "weight %", "points", "vs norm")


def watched(drivers: pl.DataFrame) -> frozenset[str]:
    """Signals that are measured and count for nothing: their weight is 0."""
    quiet = drivers.filter(pl.col("weight") == 0, pl.col("status") == "measured")
    return frozenset(quiet["signal"])


def drivers_table(drivers: pl.DataFrame, width: int) -> Table:
    """One row a signal below a row with the sums of its group; what takes most comes first.

    Args:
        drivers: `Explained.drivers`.
        width: of the terminal. Below `WIDE` norms and thresholds are left to `--show-work`, and
            names of signals are words, which wrap.
    """
    is_wide = width >= WIDE
    table = Table(
        title=TITLE if is_wide else NARROW_TITLE,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=box.SIMPLE_HEAD,  # no lines between columns: all of it fits
        pad_edge=False,
    )
    table.add_column("signal", no_wrap=is_wide)  # of names that are cut nobody can tell which
    for name in ("value", *(("norm", "0 / 60 / 80 / 100") if is_wide else ())):
        table.add_column(name, overflow="fold")
    for name in FIGURES:
        table.add_column(name, justify="right", overflow="fold")
    only_seen = watched(drivers)
    drivers = drivers.with_columns(_adding_up(drivers["points"]))
    counted = drivers.sort(pl.col("weight") == 0, "points_vs_reference", "signal")
    for (group,), rows in counted.group_by("group", maintain_order=True):
        table.add_row(f"[bold]{escape(str(group))}[/]", *_sums(rows, is_wide=is_wide))
        for row in rows.iter_rows(named=True):
            table.add_row(*_driver(row, only_seen, width))
        table.add_section()
    table.add_row("[bold]score[/]", *_sums(drivers, is_wide=is_wide))
    return table


def _adding_up(points: pl.Series) -> pl.Series:
    """Points at two decimals that add up to the score, which is shown floored."""
    known = points.is_not_null().arg_true()
    parts = points.gather(known).to_list()
    shown = shown_parts(parts, floor(sum(parts) * 100 + DRIFT) / 100, 2)
    return points.scatter(known, pl.Series(shown, dtype=pl.Float64))


def _driver(row: Mapping[str, Any], only_seen: Collection[str], width: int) -> Iterator[str]:
    name = code_words(row["signal"], width)
    yield escape(name + (" *" if row["borrowed"] else ""))
    yield escape(_value(row))
    if width >= WIDE:
        yield _number(row["segment_baseline"])
        yield " / ".join("-" if row[knot] is None else figure(row[knot], 3) for knot in KNOTS)
    yield _number(row["subscore"])
    if row["weight"]:
        yield from _figures(*(row[name] for name in SUMS))
    else:
        yield from ("watched" if row["signal"] in only_seen else "-", "-", "-")


def _sums(rows: pl.DataFrame, *, is_wide: bool) -> Iterator[str]:
    """Empty cells, then what the rows add up to."""
    yield from ("", "", *(("", "") if is_wide else ()))
    sums = rows.select(pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()) for name in SUMS)
    yield from _figures(*sums.row(0))


def _figures(weight: float | None, points: float | None, against: float | None) -> Iterator[str]:
    yield _number(None if weight is None else 100 * weight)
    yield from (_number(points, 2), _number(against, 2))


def _value(row: Mapping[str, Any]) -> str:
    """A value with its unit, and what else is to be known of it."""
    if row["value"] is None:
        return str(row["status"]).replace("_", " ")
    told = f"{_number(row['value'])} {row['unit'] or ''}".rstrip()
    return told if row["status"] == "measured" else f"{told} ({row['status']})"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:z,.{digits}f}"
