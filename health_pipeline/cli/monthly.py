"""`health monthly`."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.house import err, fail, nothing_yet, out
from health_pipeline.cli.render import table_of
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.run import run_monthly
from health_pipeline.orchestration.window import yesterday

HEADLINES = {
    ("score", "auc"): "AUC of the score",
    ("score", "auc_due"): "… where the contract ends within the horizon",
    ("seat_utilisation", "auc_due"): "… of seat utilisation alone",
    ("score_minus_seat_utilisation", "auc_due"): "… the score against it",
    ("red", "churners_red_before_leaving"): "leavers who were Red in the 60 days before",
    ("red", "stayers_red_in_matched_window"): "stayers who were Red in a matched window",
    ("red", "lead_days_median"): "days of warning, median",
    ("red", "renewed_or_expanded"): "Red and yet renewed or expanded",
}
"""What is printed of a backtest, in this order."""


def monthly_command(house: House, month: str | None) -> int:
    """Run the monthly path for one month and print its figures; returns the exit code."""
    start = _month(house, month)
    outcome = run_monthly(house, start)
    for why in outcome.errors:
        err.print(f"[bold red]error[/] {escape(why)}", highlight=False, soft_wrap=True)
    if not outcome.success:
        return exits.FAILED
    name = f"{start:%Y-%m}"
    out.print(f"\n[bold]Learning, {name}[/]")
    with house.open() as stores:
        for table, show in (("backtests", _print_backtest), ("drift", _print_drift)):
            frame = stores.lake.frame(table)
            if frame is not None:
                show(frame.filter(pl.col("report_month") == name))
    out.print("Every figure, by segment: tables `backtests` and `drift`.")
    return exits.OK


def _month(house: House, month: str | None) -> date:
    """The first day of the month asked for; default: the last full month that is scored."""
    asked = None if month is None else _asked_month(house, month)
    with house.open() as stores:
        scored = stores.lake.days("health_scores")
    if not scored:
        raise nothing_yet()
    return asked or _last_full(scored[-1])


def _asked_month(house: House, month: str) -> date:
    """The first day of `month` (YYYY-MM); exit 2 for one that there cannot be figures of."""
    last, history = _last_full(yesterday()), house.model.sources.history_start
    try:
        asked = date.fromisoformat(f"{month}-01")
    except ValueError:
        why = f"--month {month}: not a month (write it as 2026-01)"
        raise fail(why, exits.BAD_MODEL_OR_ARGUMENT) from None
    if asked > last:
        why = f"--month {month} is not over yet; the last complete month is {last:%Y-%m}"
        raise fail(why, exits.BAD_MODEL_OR_ARGUMENT)
    if asked < history.replace(day=1):
        why = f"--month {month} lies before history_start {history} in sources.yaml; move that back"
        raise fail(why, exits.BAD_MODEL_OR_ARGUMENT)
    return asked


def _last_full(day: date) -> date:
    """The first day of the last month that is over at the end of `day`."""
    return ((day + timedelta(days=1)).replace(day=1) - timedelta(days=1)).replace(day=1)


def _print_backtest(frame: pl.DataFrame) -> None:
    """The figures that a decision needs; all others stand in the table."""
    found = {
        (row["subject"], row["metric"]): row
        for row in frame.filter(pl.col("segment") == "all").iter_rows(named=True)
    }
    rows = [
        (words, _figure(row["value"]), _interval(row), row["n"], escape(row["note"] or ""))
        for key, words in HEADLINES.items()
        if (row := found.get(key))
    ]
    out.print(table_of("Backtest", ("figure", "value", "95 %", "accounts", "from"), rows))


def _print_drift(frame: pl.DataFrame) -> None:
    """How much was compared, and what changed."""
    alerts = frame.filter(pl.col("metric") == "alert")
    tested = alerts.filter(pl.col("value").is_not_null())
    changed = tested.filter(pl.col("value") > 0).sort("segment", "subject")
    outages = frame.filter((pl.col("metric") == "outage") & (pl.col("value") > 0))
    out.print(
        f"Drift: {tested.height} of {alerts.height} distributions had enough evidence, "
        f"{changed.height} changed, {outages.height} outages",
        highlight=False,
    )
    for title, rows in (("changed", changed), ("outage", outages)):
        for row in rows.iter_rows(named=True):
            out.print(f"  {title}: {row['subject']} in {row['segment']}", highlight=False)


def _interval(row: dict[str, float | None]) -> str:
    return "-" if row["low"] is None else f"{_figure(row['low'])} … {_figure(row['high'])}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
