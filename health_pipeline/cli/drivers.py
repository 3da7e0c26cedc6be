"""Every driver of an account's score as one table: what adds up to the score, group by group."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import polars as pl
from rich import box
from rich.markup import escape
from rich.table import Table

from health_pipeline.core.explanation.figures import figure

TITLE = "Value → thresholds → subscore x weight = points"
KNOTS = ("k0", "k60", "k80", "k100")
SUMS = ("weight", "points", "points_vs_reference")
FIGURES = ("subscore", "weight %", "points", "vs norm")


def watched(drivers: pl.DataFrame) -> frozenset[str]:
    """Signals that are measured and count for nothing: their weight is 0."""
    quiet = drivers.filter(pl.col("weight") == 0, pl.col("status") == "measured")
    return frozenset(quiet["signal"])


def drivers_table(drivers: pl.DataFrame) -> Table:
    """One row a signal below a row with the sums of its group; what takes most comes first.

    Args:
        drivers: `Explained.drivers`.
    """
    table = Table(
        title=TITLE,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=box.SIMPLE_HEAD,  # no lines between columns: all of it fits a terminal of 120
        pad_edge=False,
    )
    table.add_column("signal", no_wrap=True)  # of two names that are cut nobody can tell which
    for name in ("value", "norm", "0 / 60 / 80 / 100"):
        table.add_column(name, overflow="fold")
    for name in FIGURES:
        table.add_column(name, justify="right", overflow="fold")
    only_seen = watched(drivers)
    counted = drivers.sort(pl.col("weight") == 0, "points_vs_reference", "signal")
    for (group,), rows in counted.group_by("group", maintain_order=True):
        table.add_row(f"[bold]{escape(str(group))}[/]", *_sums(rows))
        for row in rows.iter_rows(named=True):
            table.add_row(*_driver(row, only_seen))
        table.add_section()
    table.add_row("[bold]score[/]", *_sums(drivers))
    return table


def _driver(row: Mapping[str, Any], only_seen: Collection[str]) -> Iterator[str]:
    yield escape(row["signal"] + (" *" if row["borrowed"] else ""))
    yield escape(_value(row))
    yield _number(row["segment_baseline"])
    yield " / ".join("-" if row[knot] is None else figure(row[knot], 3) for knot in KNOTS)
    yield _number(row["subscore"])
    if row["weight"] == 0:
        yield from ("watched" if row["signal"] in only_seen else "-", "-", "-")
    else:
        yield from (f"{100 * row['weight']:.1f}", *(_number(row[name], 2) for name in SUMS[1:]))


def _sums(rows: pl.DataFrame) -> Iterator[str]:
    """Empty cells, then what the rows add up to."""
    yield from ("", "", "", "")
    sums = rows.select(pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()) for name in SUMS)
    weight, points, against = sums.row(0)
    yield _number(100 * weight)
    yield from (_number(points, 2), _number(against, 2))


def _value(row: Mapping[str, Any]) -> str:
    """A value with its unit, and what else is to be known of it."""
    if row["value"] is None:
        return str(row["status"]).replace("_", " ")
    told = f"{_number(row['value'])} {row['unit'] or ''}".rstrip()
    return told if row["status"] == "measured" else f"{told} ({row['status']})"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:z,.{digits}f}"
