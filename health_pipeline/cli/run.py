"""`health run`."""

from __future__ import annotations

from datetime import date

from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.bars import stage_bars
from health_pipeline.cli.house import err, fail, out, require_sources
from health_pipeline.cli.summary import print_summary
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.run import Outcome, run_daily
from health_pipeline.orchestration.summary import summarise


def run_command(house: House, first: date | None, last: date | None, *, refit: bool) -> int:
    """Run the range with a progress bar and print the closing summary; returns the exit code."""
    require_sources(house)
    try:
        with stage_bars(err):
            outcome = run_daily(house, first, last, refit=refit)
    except ValueError as error:
        raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
    return report(house, outcome)


def report(house: House, outcome: Outcome, *, idle: str | None = None) -> int:
    """Print how a daily run ended and what it found; returns the exit code.

    Args:
        house: the model and its places.
        outcome: of the run.
        idle: why there was nothing to do, where it is not what `health run` says.
    """
    for why in outcome.failed_tables:
        err.print(f"[bold red]failed table[/] {escape(why)}", highlight=False, soft_wrap=True)
    for why in outcome.errors:
        err.print(f"[bold red]error[/] {escape(why)}", highlight=False, soft_wrap=True)
    for text in outcome.warnings:
        err.print(f"[yellow]warning[/] {escape(text)}", highlight=False, soft_wrap=True)
    if not outcome.success:
        return exits.FAILED
    if outcome.window is None:
        _print_idle(house, outcome, idle)
    with house.open() as stores:
        print_summary(out, summarise(stores), house.model.churn.currency)
    if house.settings.report.exists():
        out.print(escape(f"Report: {house.settings.report}"), highlight=False, soft_wrap=True)
    return exits.DONE_WITH_FAILED_TABLES if outcome.failed_tables else exits.OK


def _print_idle(house: House, outcome: Outcome, idle: str | None) -> None:
    """Why there was no day to run."""
    if not outcome.connected:
        text = (
            f"{house.settings.sources} holds no source table (accounts.csv, events/, …): nothing "
            "is connected, nothing was run."
        )
    else:
        text = idle or "Every complete day of the data is published already; nothing to do."
    out.print(escape(text), highlight=False, soft_wrap=True)
    if outcome.waiting:
        text = f"{len(outcome.waiting)} new or changed file(s) wait for the next day, or for --from"
        files = ", ".join(outcome.waiting)
        out.print(escape(f"{text}: {files}"), highlight=False, soft_wrap=True)
