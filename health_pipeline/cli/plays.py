"""`health plays …`: what is open, who takes it on, how it ended."""

from __future__ import annotations

import getpass
import json
from typing import Annotated

import polars as pl
import typer
from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.house import fail, open_house, out
from health_pipeline.cli.options import Author, LakeDir, ModelDir
from health_pipeline.cli.render import code_words, table_of, telling_digits
from health_pipeline.core.plays.params import Trigger
from health_pipeline.core.schemas.escaping import as_line

plays_app = typer.Typer(no_args_is_help=True, help="Plays: what is done about a reason.")

PlayId = Annotated[
    str, typer.Argument(help="The play_id, or as much of it as `health plays list` shows.")
]

SHOWN = ("play_id", "name", "account_id", "play", "status", "due_at", "owner_email", "accepted_by")


@plays_app.command("list")
def list_plays(
    *,
    account: Annotated[str | None, typer.Option(help="Only of this account_id.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only of this owner.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Plays that are open, the first due first."""
    from health_pipeline.orchestration.play_desk import plays_now

    with open_house(model=model, lake=lake).open() as stores:
        found = plays_now(stores)
    digits = telling_digits(found["play_id"])
    for column, wanted in (("account_id", account), ("owner_email", owner)):
        if wanted is not None:
            found = found.filter(pl.col(column) == wanted)
    shown = found if closed else found.filter(pl.col("status") != "closed")
    if as_json:
        out.print_json(json.dumps(shown.to_dicts(), default=str))
        return
    rows = [
        (
            row["play_id"][:digits],
            escape(as_line(row["name"] or row["account_id"])),
            code_words(row["play"], out.width),
            row["status"],
            f"{row['due_at']:%Y-%m-%d}",
            escape(row["accepted_by"] or row["owner_email"] or "unowned"),
        )
        for row in shown.select(SHOWN).iter_rows(named=True)
    ]
    columns = ("play_id", "account", "play", "status", "due", "whose")
    if rows:
        out.print(table_of("Plays", columns, rows, whole=("play_id", "due")))
    else:
        out.print("No play is open.")


@plays_app.command("rules")
def play_rules(*, model: ModelDir = None) -> None:
    """What opens which play, in the order in which it is asked."""
    from health_pipeline.orchestration.plays import gate_plays

    found = open_house(model=model).model
    codes = [(spec.reason_code, spec.play) for spec in found.signals]
    codes += [(spec.code_otherwise, spec.play) for spec in found.signals if spec.code_otherwise]
    rows = [
        *((conditions(trigger), trigger.play) for trigger in found.plays.triggers),
        *((f"first reason {code}", play) for code, play in codes),
        *((f"no reason, gate {gate}", play) for gate, play in gate_plays(found).items()),
        ("neither", found.plays.otherwise),
    ]
    title = f"An account that stands in {' or '.join(found.plays.open_for_tiers)} gets"
    out.print(table_of(title, ("", "when", "play"), ((n, *row) for n, row in enumerate(rows, 1))))


def conditions(trigger: Trigger) -> str:
    """What a trigger asks, in words."""
    words = {
        "to_tiers": "stands in {}",
        "from_tiers": "comes from {}",
        "reasons": "told of {}",
        "gates": "capped by {}",
        "segments": "in {}",
    }
    told = [
        text.format(" or ".join(getattr(trigger, key)))
        for key, text in words.items()
        if getattr(trigger, key)
    ]
    if trigger.all_reasons:
        told.append(f"told of {' and '.join(trigger.all_reasons)}")
    if trigger.arr_from is not None:
        told.append(f"ARR from {trigger.arr_from:,.0f}")
    if trigger.arr_below is not None:
        told.append(f"ARR below {trigger.arr_below:,.0f}")
    return ", ".join(told)


@plays_app.command("accept")
def accept_play(
    play_id: PlayId, *, by: Author = None, lake: LakeDir = None, model: ModelDir = None
) -> None:
    """Take the play PLAY_ID on: from now it is a recovery plan."""
    from health_pipeline.orchestration.play_desk import PlayError, accept

    who = by or getpass.getuser()
    with open_house(model=model, lake=lake).open() as stores:
        try:
            play_id = accept(stores, play_id, who)
        except PlayError as error:
            raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
    out.print(f"{play_id} is accepted by {escape(who)}", highlight=False)


@plays_app.command("close")
def close_play(
    play_id: PlayId,
    *,
    outcome: Annotated[str, typer.Option(help="How it ended, in a few words.")],
    by: Author = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """End the play PLAY_ID; no second one is opened in its episode."""
    from health_pipeline.orchestration.play_desk import PlayError, close

    with open_house(model=model, lake=lake).open() as stores:
        try:
            play_id = close(stores, play_id, by or getpass.getuser(), outcome)
        except PlayError as error:
            raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
    out.print(f"{play_id} is closed: {escape(outcome)}", highlight=False)
