"""How `health identity` shows accounts, pairs and decisions."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from rich.console import Console
from rich.markup import escape

from health_pipeline.cli.render import money_words, table_of
from health_pipeline.core.identity.decisions import Decision, Record
from health_pipeline.core.identity.why import Why
from health_pipeline.core.schemas.escaping import as_line
from health_pipeline.orchestration.identity_decisions import Change

SHOWN = 20
"""Records moved by a decision that are named one by one."""

LISTED = 8
"""Records of one account, and values without a key, that fit a screen beside the rest."""

LONGEST = 80
"""Characters of a name or value that are shown; ids stay whole, since people copy them."""


def _name(record: Record) -> str:
    return escape(":".join(record))


def _short(text: str) -> str:
    """A name or value as far as it is shown."""
    return escape(as_line(text, LONGEST))


def print_review(console: Console, pairs: pl.DataFrame, limit: int) -> None:
    """Pairs in doubt: left_… and right_… of `identity_review`, probability, why, arr.

    Those that a person keeps apart are decided, and only counted.
    """
    apart = pl.col("why").str.starts_with("kept apart by ")
    kept, pairs = pairs.filter(apart).height, pairs.filter(~apart)
    if kept:
        console.print(f"Kept apart by decisions: {kept:,} pair(s)", highlight=False)
    if pairs.is_empty():
        console.print("No pair is undecided.")
        return
    rows = [
        (
            *(f"{_name((row[s], row[f'{s[:-7]}_source_account_id']))} "
              f"{_short(row[f'{s[:-7]}_name'] or '-')}" for s in ("left_source", "right_source")),
            money_words(row["arr"]),
            "-" if row["probability"] is None else f"{row['probability']:.2f}",
            escape(as_line(row["why"])),
        )
        for row in pairs.head(limit).iter_rows(named=True)
    ]  # fmt: skip
    columns = ("record", "and", "ARR", "probability", "why it is left to you")
    console.print(table_of(f"{pairs.height:,} undecided pair(s)", columns, rows))
    if pairs.height > limit:
        console.print(f"{pairs.height - limit:,} more: --limit {pairs.height}")
    console.print(
        "One account: health identity merge A B --why …; two for good: "
        "health identity split ACCOUNT SOURCE:ID --why …",
        highlight=False,
        soft_wrap=True,
    )


def print_change(console: Console, change: Change) -> None:
    """What the decisions of one command do, and when."""
    ids = [one.id for one in change.decisions]
    _line(console, f"Noted as {', '.join(ids)}.")
    if len(ids) > 1 and change.decisions[0].kind != "undo":
        _line(console, f"All of it is taken back by: health identity undo {' '.join(ids)} --why …")
    for row in change.moved.head(SHOWN).iter_rows(named=True):
        record = (row["source"], row["source_account_id"])
        console.print(f"  {_name(record)}: {row['before']} becomes {row['after']}", highlight=False)
    if change.moved.height > SHOWN:
        console.print(f"  and {change.moved.height - SHOWN:,} more records", highlight=False)
    _print_others(console, change)
    if change.moved.is_empty():
        console.print("No record changes its account.")
    else:
        _line(console, "It counts from the next day that `health run` scores.")
        if change.restate:
            _line(console, f"At once, and for the days before: {change.restate}")


def _print_others(console: Console, change: Change) -> None:
    """What becomes of those that a record leaves, where it is not what one would think."""
    left = change.decisions[0]
    record = escape(f"{left.left_source}:{left.left_id}")
    if change.keeps:
        _line(console, f"{record} keeps {change.keeps}, as its first record; the others leave it.")
    merges = [one for one in change.decisions[1:] if one.kind == "merge"]
    why = f"without {record} no rule ties them"
    if left.kind == "merge":
        why = "a likeness, which had linked it, joins no two records of one source"
    for one in merges[:SHOWN]:
        stays = escape(f"{one.right_source}:{one.right_id}")
        told = f"{stays}, with what is linked to it, stays with the others by {one.id}: {why}"
        _line(console, told)
    if len(merges) > SHOWN:
        _line(console, f"  and {len(merges) - SHOWN:,} more")


def print_why(console: Console, record: Record, found: Why) -> None:
    """Everything that speaks about one record."""
    named = f" ({_short(found.names[record])})" if record in found.names else ""
    since = f"{found.linked_at:%Y-%m-%d %H:%M} UTC"
    _line(console, f"\n[bold]{_name(record)}[/]{named} is {found.account_id}, since {since}")
    if found.chain:
        rows = [
            (
                _name(step.start),
                _name(step.end),
                step.rule,
                escape(as_line(step.evidence)),
                f"{step.confidence:.2f}",
                f"{step.known_at:%Y-%m-%d %H:%M}",
            )
            for step in found.chain
        ]
        columns = ("record", "is", "rule", "evidence", "confidence", "known at")
        console.print(table_of(f"From it to the anchor {_name(found.anchor)}", columns, rows))
    else:
        console.print("It is the anchor of the account: its first known record.")
    _line(console, f"Records of the account: {len(found.members):,}")
    for one in found.members[:LISTED]:
        _line(console, f"  {_name(one)} {_short(found.names.get(one, ''))}".rstrip())
    _more(console, found.members)
    _line(console, f"Aliases: {', '.join(found.aliases[:LISTED]) or 'none'}")
    _more(console, found.aliases)
    for other, why, probability in found.doubts[:LISTED]:
        sure = "" if probability is None else f" (probability {probability:.2f})"
        _line(console, f"In doubt: {_name(other)}{sure}: {escape(as_line(why))}")
    _more(console, found.doubts)
    if not found.doubts:
        _line(console, "In doubt: nothing")
    for rule, value, why in found.ignored[:LISTED]:
        shown = value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
        _line(console, f"Links nobody: {rule} {escape(repr(shown))}: {escape(as_line(why))}")
    _more(console, found.ignored)
    for decision in found.decisions[-LISTED:]:
        _line(console, f"Decided: {_decided(decision)}")
    _more(console, found.decisions)
    if not found.decisions:
        _line(console, "Decided by people: nothing")


def _more(console: Console, rows: Sequence[object]) -> None:
    """How many rows are not among the `LISTED` ones."""
    if len(rows) > LISTED:
        _line(console, f"  and {len(rows) - LISTED:,} more")


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def _decided(one: Decision) -> str:
    about = (
        f"of {one.undoes}"
        if one.undoes
        else f"{one.left_source}:{one.left_id} and {one.right_source}:{one.right_id}"
    )
    told = f"{one.id} {one.at:%Y-%m-%d} by {as_line(one.author)}: {one.kind} {about}"
    return escape(f"{told}: {as_line(one.reason)}")
