"""`health alerts list|silence|unsilence|ack|test|evaluate`."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from typing import Annotated

import polars as pl
import typer
from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.house import fail, open_house, out
from health_pipeline.cli.options import Author, LakeDir, ModelDir, date_of
from health_pipeline.cli.render import code_words, table_of, telling_digits
from health_pipeline.core.schemas.words import counted

Words = Annotated[list[str], typer.Argument(help="What is meant: segment=starter tier=red …")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this file to `health alerts`."""
    for name, command in COMMANDS.items():
        app.command(name)(command)


def list_alerts(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Alerts, incidents and silences that are in force."""
    from health_pipeline.orchestration.alert_desk import desk_now

    with open_house(model=model, lake=lake).open() as stores:
        desk = desk_now(stores)
    alerts = [one.row.model_dump(mode="json") | {"status": one.status} for one in desk.alerts]
    incidents = [one.model_dump(mode="json") for one in desk.incidents]
    silences = [
        {"silence_id": used.silence_id, **said.model_dump(mode="json", exclude_defaults=True)}
        for used, said in desk.silences.items()
    ]
    if as_json:
        found = {"alerts": alerts, "incidents": incidents, "silences": silences}
        out.print_json(json.dumps(found))
        return
    digits = telling_digits(pl.Series([one.row.alert_id for one in desk.alerts], dtype=pl.String))
    rows = [
        (
            one.row.alert_id[:digits],
            escape(one.alert.account),
            code_words(one.row.signal, out.width),
            " → ".join(state for state in (one.row.from_state, one.row.to_state) if state),
            str(one.day),
            escape(one.acked_by or one.row.route),
        )
        for one in desk.alerts
    ]
    columns = ("alert", "account", "driver", "change", "since", "who")
    out.print(table_of("Alerts", columns, rows) if rows else "No alert is in force.")
    for one in desk.incidents:
        accounts = counted(len(one.everyone), "account")
        words = f"{one.kind} of {one.source} since {one.opened_on}: {accounts}"
        out.print(f"{words}, {one.why}", markup=False, highlight=False)
    for used, said in desk.silences.items():
        match = said.match.model_dump_json(exclude_defaults=True)
        words = f"silence {used.silence_id} until {said.until} by {said.author} ({said.why})"
        out.print(f"{words}: {match}", markup=False, highlight=False)


def silence_command(
    words: Words,
    *,
    until: Annotated[str, typer.Option(help="Last day: every silence ends.")],
    why: Annotated[str, typer.Option(help="What for.")],
    by: Author = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Tell nobody of the alerts that WORDS take, such as segment=starter, through a day."""
    from health_pipeline.orchestration.alert_desk import (
        DeskError,
        matcher,
        silence_alerts,
        unknown_accounts,
        unknown_values,
    )

    last = date_of(until, "--until")
    with open_house(model=model, lake=lake).open() as stores:
        try:
            match = matcher(words)
            found = silence_alerts(stores, match, by or getpass.getuser(), why, last)
        except DeskError as error:
            raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
        slips = unknown_values(stores.model, match) + unknown_accounts(stores, match)
    for slip in slips:
        out.print(f"warning {slip}", markup=False, highlight=False)
    out.print(f"silence {found} is in force through {last}", highlight=False)


def unsilence_command(
    silence_id: Annotated[str, typer.Argument(help="As `health alerts list` shows it.")],
    *,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """End the silence SILENCE_ID now."""
    from health_pipeline.orchestration.alert_desk import DeskError, unsilence

    with open_house(model=model, lake=lake).open() as stores:
        try:
            unsilence(stores, silence_id)
        except DeskError as error:
            raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
    out.print(f"silence {escape(silence_id)} has ended", highlight=False)


def ack_command(
    alert: Annotated[str, typer.Argument(help="Alert, its first digits, or an account_id.")],
    *,
    why: Annotated[str, typer.Option(help="What is done about it.")] = "",
    by: Author = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Take ALERT, or all of an account: it is repeated no more until it is over."""
    from health_pipeline.orchestration.alert_desk import DeskError, take

    who = by or getpass.getuser()
    with open_house(model=model, lake=lake).open() as stores:
        try:
            taken = take(stores, alert, who, why)
        except DeskError as error:
            raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
    names = ", ".join(f"{one.alert.account} {one.row.signal}" for one in taken)
    out.print(f"{who} has taken {len(taken)}: {names}", markup=False, highlight=False)


def try_command(
    channel: Annotated[str, typer.Argument(help="A channel of delivery.yaml.")],
    *,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Queue a test message for CHANNEL; `health alerts deliver` or the sensor sends it."""
    from health_pipeline.orchestration.alert_desk import DeskError, try_channel

    with open_house(model=model, lake=lake).open() as stores:
        try:
            try_channel(stores, channel)
        except DeskError as error:
            raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
    out.print(f"a test message for {escape(channel)} is queued", highlight=False)


def evaluate_command(*, lake: LakeDir = None, model: ModelDir = None) -> None:
    """Decide about the latest day and queue what is told, without sending anything."""
    from health_pipeline.orchestration.alerting import evaluate

    with open_house(model=model, lake=lake).open() as stores:
        found = evaluate(stores)
    out.print(f"{found.day or 'nothing published yet'}: {found.queued} queued", highlight=False)
    rows = [(decision, f"{count:,}") for decision, count in found.decided.iter_rows()]
    if rows:
        out.print(table_of("Decisions", ("decision", "changes"), rows))


COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_alerts,
    "silence": silence_command,
    "unsilence": unsilence_command,
    "ack": ack_command,
    "test": try_command,
    "evaluate": evaluate_command,
}
