"""The whole report as plain values (R6): lists, texts and numbers that JSON can hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from health_pipeline.core.report.details import CHUNK, details, history_days
from health_pipeline.core.report.order import LEAST_MOVE, movers, moves, ordered
from health_pipeline.core.report.portfolio import portfolio
from health_pipeline.core.report.quality import quality
from health_pipeline.core.report.read import TIERS, WEEK, Read, Words
from health_pipeline.core.report.renewals import RENEWAL_DAYS, renewals
from health_pipeline.core.report.rows import rows


@dataclass(frozen=True, slots=True)
class Report:
    """What a page shows.

    Attributes:
        head: day, version, figures of all sections, words.
        rows: columns of the table of accounts, those with details first.
        renewals: columns of the table of renewals.
        details: columns of `CHUNK` accounts at a time, in the order of `rows`.
    """

    head: dict[str, Any]
    rows: dict[str, list[Any]]
    renewals: dict[str, list[Any]]
    details: Iterator[dict[str, list[Any]]]


def report(read: Read, words: Words) -> Report:
    """The report of one day; of an empty lake one that says so."""
    order = ordered(read)
    opened = order.filter("has_details").select("account_id")
    # A signal that the model has dropped since then keeps its name.
    signals = sorted({*words.groups, *read.contributions["signal"].unique()})
    coming = renewals(read, words.currency)
    listed = coming.pop("rows")
    head = {
        "day": str(read.day) if read.day else None,
        "version": ", ".join(read.scores["model_version"].unique().sort()),
        "made_at": words.made_at.isoformat(timespec="minutes"),
        "currency": words.currency,
        "tiers": list(TIERS),
        "accounts": read.scores.height,
        "details": opened.height,
        "chunk": CHUNK,
        "days": history_days(read),
        "portfolio": portfolio(read, words.acv_bands),
        "movers": _movers(read),
        "renewals": {**coming, "days": RENEWAL_DAYS},
        "quality": quality(read),
        "words": {
            "signals": signals,
            "groups": [words.groups.get(name) for name in signals],
            "units": [words.units.get(name) for name in signals],
            "plays": {name: list(text) for name, text in words.plays.items()},
        },
    }
    return Report(head, rows(read, order), listed, details(read, opened, signals))


def _movers(read: Read) -> dict[str, Any]:
    """`since`, `ids` (the largest fall first), how many moved, and who changed tier.

    `tier_moves`: from, to, accounts, arr; the worst first. `since` is null where no score of a week
    ago is there to compare with.
    """
    then = read.day - timedelta(days=WEEK) if read.day else None
    found = moves(read)
    before = read.history.filter(pl.col("date").eq_missing(pl.lit(then, pl.Date)))
    least = pl.col("moved").abs() >= LEAST_MOVE
    return {
        "since": None if before.is_empty() else str(then),
        "least": LEAST_MOVE,
        "ids": movers(read)["account_id"].to_list(),
        "fell": found.filter(least & (pl.col("moved") < 0)).height,
        "rose": found.filter(least & (pl.col("moved") > 0)).height,
        "compared": found.height,
        "tier_moves": _tier_moves(read, before),
    }


def _tier_moves(read: Read, then: pl.DataFrame) -> list[dict[str, Any]]:
    place = {tier: n for n, tier in enumerate(TIERS)}
    pairs = then.select("account_id", before="tier").join(
        read.scores.select("account_id", "tier", "arr"), "account_id"
    )
    return (
        pairs.filter(pl.col("before") != pl.col("tier"))
        .group_by("before", "tier")
        .agg(
            pl.len().alias("accounts"),
            pl.when(pl.col("arr").count() > 0).then(pl.col("arr").sum()).alias("arr"),
        )
        .sort(pl.col("tier").replace_strict(place), pl.col("before").replace_strict(place))
        .select(pl.col("before").alias("from"), pl.col("tier").alias("to"), "accounts", "arr")
        .to_dicts()
    )
