"""`health explain`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.markup import escape
from rich.table import Table

from health_pipeline.cli import exits
from health_pipeline.cli.drivers import drivers_table, watched
from health_pipeline.cli.house import err, nothing_yet, out
from health_pipeline.cli.moves import print_moves
from health_pipeline.cli.render import code_words, money_words, table_of, tier_words
from health_pipeline.cli.work import print_work, work_of
from health_pipeline.core.schemas.escaping import as_line
from health_pipeline.core.schemas.words import percent_words, score_words
from health_pipeline.orchestration.explained import Explained, explain_account
from health_pipeline.orchestration.find import Match, find_accounts
from health_pipeline.orchestration.house import House


def explain_command(
    house: House, asked: str, day: date | None, *, as_json: bool, show_work: bool = False
) -> int:
    """Print the explanation of one account; several matches are listed instead."""
    with house.open() as stores:
        if not stores.lake.days("health_scores"):
            raise nothing_yet()
        matches = find_accounts(stores, asked)
        if len(matches) != 1:
            return _not_one(asked, matches)
        found = explain_account(stores, matches[0], day)
        work = work_of(stores, found) if show_work else None
    if as_json:
        shown = {"work": [asdict(one) for one in work or []]} if show_work else {}
        out.print_json(json.dumps({**_plain(found), **shown}, default=str))
    else:
        print_explained(found, house.model.churn.currency)
        _print_drivers(found)
        print_work(work or [])
    return exits.OK if found.score else exits.FAILED


def _not_one(asked: str, matches: list[Match]) -> int:
    if not matches:
        err.print(
            f"no account is called {escape(asked)}: give an account_id, an old alias, a domain, "
            "source:id, or a name",
            highlight=False,
        )
        return exits.BAD_MODEL_OR_ARGUMENT
    rows = [(m.account_id, escape(m.name or "-"), escape(m.domain or "-")) for m in matches]
    err.print(table_of(f"{len(matches)} accounts match", ("account_id", "name", "domain"), rows))
    return exits.BAD_MODEL_OR_ARGUMENT


def _plain(found: Explained) -> dict[str, Any]:
    return {
        "account_id": found.match.account_id,
        "name": found.match.name,
        "domain": found.match.domain,
        "date": found.day,
        "score": found.score,
        "narrative": found.narrative,
        "reasons": found.reasons.to_dicts(),
        "drivers": found.drivers.to_dicts(),
        "plays": found.plays.to_dicts(),
        "history": found.history.to_dicts(),
        "override": found.override,
    }


def print_explained(found: Explained, currency: str) -> None:
    """What a person is told of one account: all but the table of drivers."""
    name = escape(as_line(found.match.name or found.match.account_id))
    if found.score is None:
        out.print(f"{name} is no customer that was scored on {found.day or 'any day'}.")
        return
    _print_head(found, name, currency)
    _print_reasons(found)
    print_moves(found)
    _print_plays(found)


def _print_head(found: Explained, name: str, currency: str) -> None:
    score = found.score or {}
    out.print(
        f"\n[bold]{name}[/] ({found.match.account_id}, {escape(found.match.domain or '-')}) "
        f"on {found.day}: {tier_words(score['tier'])} since {score['tier_since']}, "
        f"score [bold]{score_words(score['score'])}[/], "
        f"coverage {percent_words(score['coverage'])}, "
        f"segment {score['segment']}, ARR {money_words(score['arr'])} {currency}",
        highlight=False,
        soft_wrap=True,
    )
    _print_override(found)
    for part in ("headline", "text", "next_steps", "context"):
        if found.narrative and found.narrative[part]:
            out.print(escape(found.narrative[part]), highlight=False, soft_wrap=True)
    if score["gate"] and not found.narrative:
        words = f"Tier capped by {score['gate']}: {score['gate_reason']}"
        out.print(words, markup=False, highlight=False)


def _print_override(found: Explained) -> None:
    if found.override is None or found.score is None:
        return
    row = found.override
    is_mute = row["muted"]
    what = "muted" if is_mute else tier_words(row["tier_override"])
    beside = (
        "no alerts and no new plays"
        if is_mute
        else f"the tier itself is {tier_words(found.score['tier'])}"
    )
    out.print(
        f"CSM override: {what} until {row['until']} by {escape(row['author'])}: "
        f"{escape(row['why'])}; {beside}",
        highlight=False,
        soft_wrap=True,
    )


def _print_reasons(found: Explained) -> None:
    only_seen = watched(found.drivers)
    rows = [
        (
            row["direction"],
            row["rank"],
            code_words(row["reason_code"], out.width),
            escape(row["sentence"]),
            "watched" if row["signal"] in only_seen else f"{row['points']:+.1f}",
            code_words(row["play"], out.width),
        )
        for row in found.reasons.iter_rows(named=True)
    ]
    columns = ("", "", "code", "what is said", "points", "play")
    if rows:
        out.print(table_of("Why", columns, rows))


def _print_drivers(found: Explained) -> None:
    if found.score is None:
        return
    out.print(drivers_table(found.drivers, out.width))
    if found.drivers["borrowed"].any():
        words = "* what is normal leans on a larger segment, for want of accounts"
        out.print(words, highlight=False)


def _print_plays(found: Explained) -> None:
    for play in found.plays.iter_rows(named=True):
        out.print(play_table(play))


def play_table(play: Mapping[str, Any]) -> Table:
    """The steps of one row of `plays`; owners come from a source and are text, never markup."""
    steps = [(s["due"], escape(s["owner"]), escape(s["text"])) for s in play["steps"]]
    title = f"Play {play['play']} ({play['status']}), due {play['due_at']:%Y-%m-%d %H:%M} UTC"
    return table_of(title, ("due", "owner", "step"), steps)
