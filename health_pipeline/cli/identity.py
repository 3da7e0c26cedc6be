"""`health identity …`: see which records are one account, and decide where no rule can."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.house import err, fail, open_house, out
from health_pipeline.cli.options import Author, LakeDir, ModelDir

if TYPE_CHECKING:
    from health_pipeline.orchestration.identity_decisions import Change, Desk

identity_app = typer.Typer(
    no_args_is_help=True, help="Which records are one account: why, and decisions of people."
)

Reason = Annotated[str, typer.Option("--why", help="The reason, for those who come later.")]


@identity_app.command("review")
def review(
    *,
    limit: Annotated[int, typer.Option(min=1, help="Pairs to show.")] = 50,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Pairs that may be one account and that nothing decides, most ARR first."""
    from health_pipeline.cli.identity_words import print_review
    from health_pipeline.orchestration.identity import pairs_to_review

    with open_house(model=model, lake=lake).open() as stores:
        print_review(out, pairs_to_review(stores), limit)


@identity_app.command("merge")
def merge(
    a: Annotated[str, typer.Argument()],
    b: Annotated[str, typer.Argument()],
    *,
    why: Reason,
    by: Author = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """A and B are one account, from the next run on.

    Each is an account_id, an old alias, or SOURCE:ID.
    """
    _decide(lake, model, by, lambda desk, said: desk.merge(a, b, reason=why, **said))


@identity_app.command("split")
def split(
    account: Annotated[str, typer.Argument()],
    record: Annotated[str, typer.Argument()],
    *,
    why: Reason,
    by: Author = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """RECORD (SOURCE:ID) is no part of ACCOUNT, whatever rules say, from the next run on.

    It leaves alone; the others stay one account, by merges of their own where that needs them.
    A pair that `health identity review` shows is kept apart for good in the same way.
    """
    _decide(lake, model, by, lambda desk, said: desk.split(account, record, reason=why, **said))


@identity_app.command("undo")
def undo(
    decision: Annotated[list[str], typer.Argument()],
    *,
    why: Reason,
    by: Author = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Take each DECISION (its id) back; it stays on record, and so does this."""
    _decide(lake, model, by, lambda desk, said: desk.undo(decision, reason=why, **said))


@identity_app.command("why")
def why_(
    source: Annotated[str, typer.Argument()],
    id: Annotated[str, typer.Argument()],  # noqa: A002 - as the shell shows it
    *,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Why the record ID of SOURCE is its account: rules, evidence and dates on one screen."""
    from health_pipeline.cli.identity_words import print_why

    with _desk(lake, model) as desk:
        print_why(out, (source, id), desk.why((source, id)))


@identity_app.command("export")
def export(
    *,
    file: Annotated[Path | None, typer.Option("--out", help="Default: the terminal.")] = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Published ids, aliases and decisions as YAML; the same text for the same content."""
    from health_pipeline.orchestration.identity_export import exported

    with open_house(model=model, lake=lake).open() as stores:
        text = exported(stores)
    if file is None:
        out.file.write(text)
    else:
        file.write_text(text, encoding="utf-8")


@identity_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument()],
    *,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Add the ids and decisions of FILE, as exported; a second import changes nothing."""
    from health_pipeline.config.issue import ModelError
    from health_pipeline.orchestration.identity_export import import_file

    with open_house(model=model, lake=lake).open() as stores:
        try:
            found = import_file(stores, file)
        except ModelError as error:
            for issue in error.issues:
                err.print(escape(str(issue)), highlight=False, soft_wrap=True)
            message = f"{len(error.issues)} problem(s) in {file}; nothing was imported"
            raise fail(message, exits.BAD_MODEL_OR_ARGUMENT) from None
    out.print(
        f"New here: {found.ids:,} id(s), {found.aliases:,} alias(es), "
        f"{found.decisions:,} decision(s)",
        highlight=False,
    )


@contextmanager
def _desk(lake: str | None, model: Path | None) -> Iterator[Desk]:
    from health_pipeline.adapters.likeness.splink import LikenessError
    from health_pipeline.orchestration.identity_decisions import DecisionError, Desk

    with open_house(model=model, lake=lake).open() as stores:
        try:
            yield Desk(stores)
        except (DecisionError, LikenessError) as error:
            raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None


def _decide(
    lake: str | None, model: Path | None, by: str | None, made: Callable[..., Change]
) -> None:
    from health_pipeline.cli.identity_words import print_change
    from health_pipeline.orchestration.house import House

    with _desk(lake, model) as desk:
        said = {"author": by or getpass.getuser(), "at": House.now()}
        print_change(out, made(desk, said))
