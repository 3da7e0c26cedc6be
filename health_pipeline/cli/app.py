"""The commands of `health`."""

from __future__ import annotations

import os
import sqlite3
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from health_pipeline.adapters.store.control import ControlError
from health_pipeline.cli import exits
from health_pipeline.cli.alert_desk import add_commands
from health_pipeline.cli.house import err, fail, open_house
from health_pipeline.cli.identity import identity_app
from health_pipeline.cli.options import LakeDir, ModelDir, date_of
from health_pipeline.cli.plays import plays_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Explainable customer health scores, from raw files to the next play.",
)
alerts_app = typer.Typer(no_args_is_help=True, help="Alerts that a change of state has opened.")
add_commands(alerts_app)
app.add_typer(alerts_app, name="alerts")
app.add_typer(identity_app, name="identity")
app.add_typer(plays_app, name="plays")

Sources = Annotated[
    str | None, typer.Option(help="Source tables: a folder, or s3://… [HEALTH_SOURCES].")
]


def _day(text: str | None, option: str) -> date | None:
    return None if text is None else date_of(text, option)


@app.command()
def run(
    *,
    sources: Sources = None,
    lake: LakeDir = None,
    model: ModelDir = None,
    first: Annotated[
        str | None,
        typer.Option("--from", help="First day; default: the day after the last published one."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day; default: the last complete day of data.")
    ] = None,
    refit: Annotated[bool, typer.Option("--refit", help="Fit the knots anew.")] = False,
) -> None:
    """Land the sources, score every day of the range, explain it, and print what was found."""
    from health_pipeline.cli.run import run_command

    house = open_house(model=model, sources=sources, lake=lake)
    raise typer.Exit(run_command(house, _day(first, "--from"), _day(last, "--to"), refit=refit))


@app.command()
def backfill(
    *,
    first: Annotated[str, typer.Option("--from", help="First day.")],
    last: Annotated[str, typer.Option("--to", help="Last day.")],
    restate: Annotated[
        bool, typer.Option("--restate", help="Also compute published days anew, and what follows.")
    ] = False,
    sources: Sources = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Score history in one silent run: fills days that were never published, tells nobody.

    Stopped on its way, the same command goes on from there.
    """
    from health_pipeline.cli.backfill import backfill_command

    house = open_house(model=model, sources=sources, lake=lake)
    since, until = date_of(first, "--from"), date_of(last, "--to")
    raise typer.Exit(backfill_command(house, since, until, restate=restate))


@app.command()
def check(model: ModelDir = None) -> None:
    """Check the model: every error of every file, with line, key and what is allowed."""
    from health_pipeline.cli.check import check_command

    raise typer.Exit(check_command(model))


@app.command()
def explain(
    account: Annotated[str, typer.Argument()],
    *,
    day: Annotated[str | None, typer.Option("--date", help="Default: the last scored.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    show_work: Annotated[
        bool, typer.Option("--show-work", help="Every calculation, for a calculator.")
    ] = False,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Why an account has its score: every number behind it, in words and figures.

    ACCOUNT is an account_id, an old alias, a domain, source:id, a name, or a part of one.
    """
    from health_pipeline.cli.explain import explain_command

    house = open_house(model=model, lake=lake)
    told = explain_command(
        house, account, _day(day, "--date"), as_json=as_json, show_work=show_work
    )
    raise typer.Exit(told)


@app.command()
def tables(lake: LakeDir = None, model: ModelDir = None) -> None:
    """What is in the lake: tables, days, rows."""
    from health_pipeline.cli.tables import tables_command

    raise typer.Exit(tables_command(open_house(model=model, lake=lake)))


@app.command()
def monthly(
    *,
    month: Annotated[str | None, typer.Option(help="YYYY-MM; default: the last full one.")] = None,
    sources: Sources = None,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Churn labels, backtest and drift for one month: does the score still know who leaves?"""
    from health_pipeline.cli.monthly import monthly_command

    house = open_house(model=model, sources=sources, lake=lake)
    raise typer.Exit(monthly_command(house, month))


@app.command()
def sample(
    *,
    folder: Annotated[Path, typer.Option("--out", help="Where to write it.")] = Path("data/sample"),
    end: Annotated[str | None, typer.Option(help="Last day; default: yesterday UTC.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed and end give the same bytes.")] = 7,
    accounts: Annotated[int, typer.Option(min=1, max=1056, help="Customers in the world.")] = 400,
    months: Annotated[int, typer.Option(min=1, max=60, help="Months of history.")] = 15,
) -> None:
    """Generate the sample world; its truth goes to FOLDER_truth, which the product never reads."""
    from health_pipeline.cli.sample import sample_command

    sample_command(folder, _day(end, "--end"), seed=seed, accounts=accounts, months=months)


@alerts_app.command("deliver")
def alerts_deliver(lake: LakeDir = None, model: ModelDir = None) -> None:
    """Put new alerts into the outbox and deliver what is due, as the sensor does."""
    from health_pipeline.cli.alerts import deliver_command

    raise typer.Exit(deliver_command(open_house(model=model, lake=lake)))


@alerts_app.command("replay")
def alerts_replay(
    *,
    channel: Annotated[str | None, typer.Option(help="Those of this channel.")] = None,
    key: Annotated[str | None, typer.Option(help="The one with this key.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every one of them.")] = False,
    lake: LakeDir = None,
    model: ModelDir = None,
) -> None:
    """Send messages again that were given up; without a choice, say what is stuck and why."""
    from health_pipeline.cli.dead_letters import replay_command

    house = open_house(model=model, lake=lake)
    raise typer.Exit(replay_command(house, channel, key, everything=everything))


def main() -> None:
    """Entry point of the `health` command."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    try:
        app()
    except KeyboardInterrupt:
        err.print("interrupted; what was published stays, run again to go on")
        raise SystemExit(exits.FAILED) from None
    except (ControlError, sqlite3.Error, OSError) as error:  # they say which file, and why
        raise SystemExit(fail(str(error), exits.FAILED).exit_code) from None
    finally:
        _leave_nothing()


def _leave_nothing() -> None:
    """Remove what a command kept on disk for itself, if it came to that."""
    loaded = sys.modules.get("health_pipeline.orchestration.identity")
    if loaded:  # to load it for `health --help` would take a second
        loaded.forget_attached()
