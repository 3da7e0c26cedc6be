"""From arguments and environment to a house, or to a clear end."""

from __future__ import annotations

import os
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from health_pipeline.cli.exits import BAD_MODEL_OR_ARGUMENT, FAILED
from health_pipeline.config.issue import ModelError
from health_pipeline.config.loader import load_model
from health_pipeline.config.model import HealthModel
from health_pipeline.config.settings import Settings, SettingsError, load_settings
from health_pipeline.orchestration.house import House


def _console(*, stderr: bool) -> Console:
    """A console as wide as the terminal; into a file or a pipe as wide as COLUMNS, else 120.

    No emoji codes: `crm:a:b` is the id of a record.
    """
    probe = Console(stderr=stderr, emoji=False)
    narrow = not probe.is_terminal and "COLUMNS" not in os.environ
    return Console(stderr=stderr, emoji=False, width=120) if narrow else probe


out = _console(stderr=False)
err = _console(stderr=True)


def fail(message: str, code: int) -> typer.Exit:
    """Print `message` to stderr; the returned exit is raised by the caller."""
    err.print(f"[bold red]error[/] {escape(message)}", highlight=False)
    return typer.Exit(code)


def nothing_yet() -> typer.Exit:
    """The end of a command that asks for what no run has published yet."""
    return fail("nothing is scored yet; run `health run` first", FAILED)


def open_house(
    *, model: Path | None = None, sources: str | None = None, lake: str | None = None
) -> House:
    """Settings and model of this call; a bad model or place is printed and ends with exit 2."""
    try:
        settings = load_settings(model=model, sources=sources, lake=lake)
    except SettingsError as error:
        raise fail(str(error), BAD_MODEL_OR_ARGUMENT) from None
    return House(settings, checked_model(settings))


def require_sources(house: House) -> None:
    """Exit 2 when the sources folder does not exist; of object storage a read will tell."""
    sources = house.settings.sources
    if isinstance(sources, Path) and not sources.is_dir():
        message = f"{sources}: no such folder (name one with --sources)"
        raise fail(message, BAD_MODEL_OR_ARGUMENT)


def checked_model(settings: Settings) -> HealthModel:
    """The resolved model of `settings`, or all its errors and exit 2."""
    try:
        return load_model(settings.model)
    except ModelError as error:
        for issue in error.issues:
            err.print(escape(str(issue)), highlight=False, soft_wrap=True)
        raise fail(
            f"{len(error.issues)} problem(s) in the model; nothing was run", BAD_MODEL_OR_ARGUMENT
        ) from None
