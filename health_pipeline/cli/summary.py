"""The closing summary of a run on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape

from health_pipeline.cli.render import TIER_STYLE, code_words, money_words, table_of, tier_words
from health_pipeline.core.schemas.escaping import as_line
from health_pipeline.core.schemas.words import score_words
from health_pipeline.orchestration.model_change import ModelChange
from health_pipeline.orchestration.summary import ENDING_DAYS, Overrides, Plays, Summary

LONGEST_NAME = 500

SHOWN_UNOWNED = 10
"""So many accounts without an owner are named; the others are counted."""


def print_summary(console: Console, summary: Summary, currency: str) -> None:
    """The closing summary of a run."""
    if summary.day is None:
        console.print("Nothing has been scored yet.")
        return
    console.print(f"\n[bold]Customer health on {summary.day}[/]")
    if summary.tiers.is_empty():
        console.print("No account is a customer on this day.")
    if summary.excluded or summary.ended:
        console.print(
            f"Not counted: {summary.excluded:,} excluded by churn.yaml, {summary.ended:,} ended"
        )
    if summary.foreign_currency:
        console.print(
            f"Not in ARR: {summary.foreign_currency:,} contract(s) in another currency than "
            f"{currency}; amounts are never converted"
        )
    _print_tiers(console, summary, currency)
    _print_segments(console, summary)
    _print_worst(console, summary, currency)
    _print_plays(console, summary.plays, currency)
    _print_gaps(console, summary)


def _print_tiers(console: Console, summary: Summary, currency: str) -> None:
    if summary.tiers.is_empty():
        return
    found = {row["tier"]: row for row in summary.tiers.iter_rows(named=True)}
    rows = [
        (tier_words(tier), found[tier]["accounts"], money_words(found[tier]["arr"]))
        for tier in TIER_STYLE
        if tier in found
    ]
    console.print(table_of("Accounts by tier", ("tier", "accounts", f"ARR {currency}"), rows))
    if summary.arr is None or summary.arr_at_risk is None:
        return
    share = summary.arr_at_risk / summary.arr if summary.arr else 0.0
    console.print(
        f"ARR at risk (Red): [bold]{money_words(summary.arr_at_risk)}[/] {currency} "
        f"of {money_words(summary.arr)} ({share:.1%})"
    )


def _print_segments(console: Console, summary: Summary) -> None:
    if summary.segments.height:
        console.print(
            table_of("Accounts by segment", summary.segments.columns, summary.segments.iter_rows())
        )


def _print_worst(console: Console, summary: Summary, currency: str) -> None:
    rows = [
        (
            escape(as_line(row["name"] or row["account_id"], LONGEST_NAME)),
            tier_words(row["tier"]),
            score_words(row["score"]),
            money_words(row["arr"]),
            escape((row["reason"] or "-").split(" (")[0]),
            code_words(row["play"], console.width),
        )
        for row in summary.worst.iter_rows(named=True)
    ]
    if rows:
        columns = ("account", "tier", "score", f"ARR {currency}", "first reason", "next play")
        console.print(table_of("The lowest scores", columns, rows))


def _print_plays(console: Console, plays: Plays, currency: str) -> None:
    """Who at risk has a recovery plan, and what waits for somebody."""
    rows = [
        (
            tier_words(row["tier"]),
            row["accounts"],
            row["with_plan"],
            f"{row['share']:.0%} ({row['low']:.0%} to {row['high']:.0%})",
            row["only_proposed"],
            money_words(row["arr"]),
            money_words(row["arr_with_plan"]),
        )
        for row in plays.coverage.iter_rows(named=True)
    ]
    if rows:
        columns = ("tier", "accounts", "with a plan", "share (95%)", "only proposed")
        amounts = (f"ARR {currency}", "of it with a plan")
        console.print(table_of("Recovery plans", (*columns, *amounts), rows))
    if plays.running:
        alone = f", {plays.unowned:,} that nobody owns" if plays.unowned else ""
        console.print(
            f"Plays running: {plays.running:,}, {plays.proposed:,} of them not taken on yet"
            f"{alone} (`health plays list`)",
            highlight=False,
        )


def _counts(frame: pl.DataFrame) -> str:
    return ", ".join(
        f"{rows:,} {' '.join(str(w) for w in words)}" for *words, rows in frame.iter_rows()
    )


def _print_gaps(console: Console, summary: Summary) -> None:
    if summary.model:
        console.print(model_words(summary.model), markup=False, highlight=False, soft_wrap=True)
    if summary.changes.height:
        console.print(f"Drivers that changed state: {_counts(summary.changes)}")
    _print_overrides(console, summary.overrides)
    if summary.waiting:
        console.print(
            f"Alerts waiting: {summary.waiting:,} (the sensor delivers them, or "
            "`health alerts deliver`)"
        )
    _print_alerts(console, summary)
    for row in summary.outages.iter_rows(named=True):
        console.print(silence_words(row))
    if summary.unfitted:
        names = ", ".join(summary.unfitted)
        console.print(f"Measured by default knots until `health run --refit`: {names}")
    if summary.not_applicable:
        names = ", ".join(summary.not_applicable)
        console.print(
            "No source feeds these signals, or no account is at the age or stage that they are "
            f"about, so they count for nobody: {names}"
        )
    _print_counted(
        console,
        "Quarantined",
        summary.broken_rules,
        "table `quarantine`",
        dict(summary.quarantined.iter_rows()),
    )
    _print_counted(console, "Unresolved", summary.unresolved, "table `unresolved`")
    _print_identity(console, summary)


def model_words(change: ModelChange) -> str:
    """What another version of the model changed, and what nobody is told of for that."""
    words = f"Another model than on {change.last} (now {change.version})"
    if change.signals:
        names = "all signals" if change.all_signals else ", ".join(change.signals)
        words += f"; other knots: {names}"
    if change.judges:
        words += "; changes of drivers that it may have made are not told"
    return words


def silence_words(row: Mapping[str, Any]) -> str:
    """One row of `outages`, as markup; the source's name is its own."""
    rests = "their tiers rest" if row["freezes"] else "too few for tiers to rest"
    told = row["table"] if row["table"] == row["source"] else f"{row['source']} {row['table']}"
    return (
        f"Silent since {row['since']}: {escape(told)}, which told of {row['accounts']:,} customers "
        f"({row['share']:.0%}); {rests}"
    )


def _print_alerts(console: Console, summary: Summary) -> None:
    """What lasts, and whose alerts nobody is told of."""
    for words in summary.incidents:
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    if summary.unowned:
        more = len(summary.unowned) - SHOWN_UNOWNED
        names = ", ".join(summary.unowned[:SHOWN_UNOWNED]) + (
            f" and {more} more" if more > 0 else ""
        )
        console.print(
            f"At risk, and owned by nobody: {names}", markup=False, highlight=False, soft_wrap=True
        )


def _print_identity(console: Console, summary: Summary) -> None:
    if summary.unseen.shares():
        console.print(
            f"No account claims: {summary.unseen.words()}", highlight=False, soft_wrap=True
        )
    if summary.decisions:
        now = f"; at once with `{summary.restate}`" if summary.restate else ""
        console.print(
            f"{summary.decisions:,} decision(s) about identity count from the next day on{now}",
            highlight=False,
            soft_wrap=True,
        )
    if left := summary.to_restate:
        console.print(
            f"Merges and splits changed {left.accounts:,} account(s); their history stands as it "
            f"was until `{left.command}`",
            highlight=False,
            soft_wrap=True,
        )


def _print_overrides(console: Console, said: Overrides) -> None:
    if said.in_force:
        console.print(
            f"Overrides in force: {said.in_force:,} ({said.mutes:,} muted; "
            f"{said.ending:,} end within {ENDING_DAYS} days)",
            highlight=False,
        )
    if said.alerts or said.plays:
        console.print(
            f"Held back by a mute (tables `alerts`, `plays`): {said.alerts:,} alert(s), "
            f"{said.plays:,} play(s)",
            highlight=False,
        )


def _print_counted(
    console: Console,
    title: str,
    frame: pl.DataFrame,
    where: str,
    rows_of: Mapping[str, int] | None = None,
) -> None:
    """Rows by table and reason, a line a table.

    Args:
        console: prints it.
        title: what has become of the rows.
        frame: table, reason, rows.
        where: they can be looked at.
        rows_of: the rows of each table, where one row may have several reasons.
    """
    if frame.is_empty():
        console.print(f"{title} rows: 0")
        return
    total = int(frame["rows"].sum()) if rows_of is None else sum(rows_of.values())
    console.print(f"{title} rows: {total:,} ({where})", highlight=False)
    reason = frame.columns[1]
    for (table,), part in frame.partition_by(
        "table", as_dict=True, include_key=False, maintain_order=True
    ).items():
        told = "; ".join(f"{row['rows']:,} {row[reason]}" for row in part.iter_rows(named=True))
        rows = None if rows_of is None else rows_of[table]
        if rows not in (None, int(part["rows"].sum())):
            told = f"{rows:,} row(s), by rule: {told}"
        console.print(f"  {table}: {escape(told)}", highlight=False, soft_wrap=True)
