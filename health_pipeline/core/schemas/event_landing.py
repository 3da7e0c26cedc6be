"""Landing of events: facts without versions, so many that they land in slices (contracts.md).

Belongs here: since when an event is known, which cannot have happened, which has landed before.
Does not: counting its copies once, which the roll-up does.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.landing import STAMPS, quarantined
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import end_in_run, end_of

FUTURE = "in_the_future"

CLOCKS_DIFFER = timedelta(days=1)
"""How far ahead of ours a sender's clock, or its zone, may be."""

_EVENTS = SOURCE_TABLES["events"]

EVENT_ROWS: dict[str, pl.DataType] = {
    **_EVENTS.schema,
    "known_at": TIMESTAMP,
    "known_assumed": pl.Boolean(),
    "origin": pl.String(),
}
"""Landed events: always all columns of the contract, so that all partitions have one shape."""


def land_events(
    new: pl.DataFrame,
    as_of: date,
    *,
    first: bool,
    now: datetime,
    first_valid_year: int,
    since: date | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events, which have no versions, with their stamps.

    They are known when received, and never before they occurred: client clocks run ahead. One that
    lies further ahead than clocks differ, or before `first_valid_year`, did not occur then: it is
    quarantined, for waiting would not make it true.

    Args:
        new: typed contract columns, `origin` (the file) and `line` (in it), copies included.
        as_of: the last day of the run.
        first: nothing of `events` had landed before; then an event that does not say when it was
            received is known when it occurred, else at the end of its day (`end_in_run`).
        now: when they land; only what could not have occurred by then is measured by it.
        first_valid_year: events before it come from a clock that was never set.
        since: the first day of the run; None = `as_of`.

    Returns:
        Rows shaped `EVENT_ROWS` in the order of `new`, and the quarantine rows.
    """
    absent = [pl.lit(None, dt).alias(n) for n, dt in _EVENTS.schema.items() if n not in new.columns]
    whole = new.with_columns(absent)
    occurred, received = pl.col("occurred_at"), pl.col("received_at")
    ahead = occurred > pl.lit(end_of(as_of)).cast(TIMESTAMP)
    open_known = occurred if first else end_in_run(occurred, since or as_of, as_of)
    stamped = whole.with_columns(
        pl.max_horizontal(occurred, pl.coalesce(received, open_known)).alias("known_at"),
        (received.is_null() & (pl.lit(first) | ahead)).alias("known_assumed"),
    )
    limit = pl.lit(now + CLOCKS_DIFFER).cast(TIMESTAMP)
    early = occurred < pl.lit(datetime(first_valid_year, 1, 1, tzinfo=UTC))
    impossible = [
        (f"before_{first_valid_year}", early, occurred),
        (f"{FUTURE}:occurred_at", occurred > limit, occurred),
        (f"{FUTURE}:received_at", (received > limit).fill_null(value=False), received),
    ]
    any_of_them = pl.any_horizontal(hit for _, hit, _ in impossible)
    possible = stamped.filter(~any_of_them).select(*EVENT_ROWS)
    lost = whole.filter(any_of_them) if possible.height < whole.height else whole.clear()
    placed = lost.with_columns(pl.format("{}:{}", "origin", "line").alias("origin"))
    rejected = [
        quarantined(_EVENTS, placed.filter(hit), rule, value.cast(pl.String), as_of)
        for rule, hit, value in impossible
    ]
    return possible, pl.concat(rejected)


def fingerprints(rows: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
    """Two numbers a row, `id` of its key and `said` of the other of `columns`.

    Rows that agree in both are taken for one and the same: it takes two accidents of 2⁻⁶⁴ at once,
    the second of them among rows that met in the first.
    """
    rest = [name for name in columns if name not in _EVENTS.key]
    return rows.select(
        pl.struct(_EVENTS.key).hash(seed=1).alias("id"),
        pl.struct(sorted(rest)).hash(seed=2).alias("said"),
    )


def unseen(rows: pl.DataFrame, seen: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
    """Those of `rows` whose `fingerprints` by `columns` are not among `seen`, in their order."""
    marks = fingerprints(rows, columns).with_row_index("nth")
    fresh = marks.join(seen, on=["id", "said"], how="anti")["nth"].sort()
    return rows if fresh.len() == rows.height else rows[fresh]


def compared(provided: Collection[str], before: Collection[str]) -> list[str]:
    """Columns by which rows are told apart: those that both landings provide, without stamps."""
    return [
        name for name in EVENT_ROWS if name in provided and name in before and name not in STAMPS
    ]
