"""`health run`."""

from __future__ import annotations

from datetime import date

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from health_pipeline.cli import exits
from health_pipeline.cli.house import err, fail, out
from health_pipeline.cli.render import print_summary
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.progress import listening
from health_pipeline.orchestration.run import Outcome, run_daily
from health_pipeline.orchestration.summary import summarise


def run_command(house: House, first: date | None, last: date | None, *, refit: bool) -> int:
    """Run the range with a progress bar and print the closing summary; returns the exit code."""
    if not house.settings.sources.is_dir():
        message = f"{house.settings.sources}: no such folder (name one with --sources)"
        raise fail(message, exits.BAD_MODEL_OR_ARGUMENT)
    try:
        outcome = _with_bar(house, first, last, refit=refit)
    except ValueError as error:
        raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
    return report(house, outcome)


def report(house: House, outcome: Outcome) -> int:
    """Print how a daily run ended and what it found; returns the exit code."""
    for why in outcome.failed_tables:
        err.print(f"[bold red]failed table[/] {escape(why)}", highlight=False, soft_wrap=True)
    for why in outcome.errors:
        err.print(f"[bold red]error[/] {escape(why)}", highlight=False, soft_wrap=True)
    for text in outcome.warnings:
        err.print(f"[yellow]warning[/] {escape(text)}", highlight=False, soft_wrap=True)
    if not outcome.success:
        return exits.FAILED
    if outcome.window is None:
        _print_idle(house, outcome)
    with house.open() as stores:
        print_summary(out, summarise(stores), house.model.churn.currency)
    return exits.DONE_WITH_FAILED_TABLES if outcome.failed_tables else exits.OK


def _print_idle(house: House, outcome: Outcome) -> None:
    """Why there was no day to run."""
    if not outcome.connected:
        text = (
            f"{house.settings.sources} holds no source table (accounts.csv, events/, …): nothing "
            "is connected, nothing was run."
        )
    else:
        text = "Every complete day of the data is published already; nothing to do."
    out.print(escape(text), highlight=False, soft_wrap=True)
    if outcome.waiting:
        text = f"{len(outcome.waiting)} new or changed file(s) wait for the next day, or for --from"
        files = ", ".join(outcome.waiting)
        out.print(escape(f"{text}: {files}"), highlight=False, soft_wrap=True)


def _with_bar(house: House, first: date | None, last: date | None, *, refit: bool) -> Outcome:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=not err.is_terminal) as progress:
        bars: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        with listening(show):
            return run_daily(house, first, last, refit=refit)
