"""`health monthly`."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.house import err, fail, out
from health_pipeline.cli.render import table_of
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.run import run_monthly

SHOWN = ("backtests", "drift")


def monthly_command(house: House, month: str | None) -> int:
    """Run the monthly path for one month and print its figures; returns the exit code."""
    start = _month(house, month)
    outcome = run_monthly(house, start)
    for why in outcome.errors:
        err.print(f"[bold red]error[/] {escape(why)}", highlight=False, soft_wrap=True)
    if not outcome.success:
        return exits.FAILED
    with house.open() as stores:
        for name in SHOWN:
            frame = stores.lake.frame(name)
            if frame is not None:
                _print(name, frame.filter(pl.col("report_month") == f"{start:%Y-%m}"))
    return exits.OK


def _month(house: House, month: str | None) -> date:
    """The first day of the month asked for; default: the last full month that is scored."""
    if month is not None:
        try:
            return date.fromisoformat(f"{month}-01")
        except ValueError:
            message = f"--month {month}: not a month (write it as 2026-01)"
            raise fail(message, exits.BAD_MODEL_OR_ARGUMENT) from None
    with house.open() as stores:
        scored = stores.lake.days("health_scores")
    if not scored:
        raise fail("nothing is scored yet; run `health run` first", exits.FAILED)
    return (((scored[-1] + timedelta(days=1)).replace(day=1)) - timedelta(days=1)).replace(day=1)


def _print(name: str, frame: pl.DataFrame) -> None:
    rows = [
        (
            row["segment"],
            row["subject"],
            row["metric"],
            _figure(row["value"]),
            f"{_figure(row['low'])} … {_figure(row['high'])}" if row["low"] is not None else "-",
            row["n"],
            escape(row["note"] or ""),
        )
        for row in frame.filter(pl.col("segment") == "all").iter_rows(named=True)
    ]
    out.print(table_of(name, ("segment", "subject", "metric", "value", "95 %", "n", "note"), rows))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
