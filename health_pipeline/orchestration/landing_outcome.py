"""What is said of a landing, and where its rejected rows go."""

from dataclasses import dataclass

import polars as pl

from health_pipeline.adapters.sources.file import TableRead
from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.reads import Reads


@dataclass(frozen=True, slots=True)
class Landing:
    """How one table landed.

    Attributes:
        table: its name.
        connected: something of it has landed, now or before.
        new_rows: rows that this landing read.
        quarantined: rows of this landing that broke the contract.
        warnings: sentences for people.
        error: why the table could not be read; the last good landing stays in force.
        files: files read now; none when all were known already.
        silent: sentences on days of the run of which a living source sent no events.
    """

    table: str
    connected: bool
    new_rows: int = 0
    quarantined: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    files: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


def nothing_good(
    stores: Stores, reads: Reads, table: str, read: TableRead, *, connected: bool
) -> Landing:
    """A table of which every row broke the contract: nothing lands, and the rows are kept apart."""
    names = tuple(reads.relative(ref) for ref in read.files)
    quarantine = quarantine_with(stores, table, names, read.quarantine)
    stores.lake.publish([Write("quarantine", None, quarantine)], run_id="", at=House.now())
    rows = read.quarantine.select("origin").unique().height
    rules = read.quarantine.group_by("rule").len().sort("len", "rule", descending=[True, False])
    why = f"none of its {rows:,} rows keeps the contract (most break {rules['rule'][0]})"
    error = f"{table}: {', '.join(names)}: {why}"
    return Landing(table, connected, quarantined=rows, error=error, warnings=read.warnings)


def too_poor(
    stores: Stores, table: str, quarantine: pl.DataFrame, good_rows: int
) -> tuple[str, ...]:
    """A sentence where more rows broke the contract than `max_quarantine_share` allows."""
    allowed = stores.model.sources.max_quarantine_share
    bad = quarantine.select("origin").unique().height
    share = bad / max(bad + good_rows, 1)
    if allowed is None or share <= allowed:
        return ()
    limit = f"the {allowed:.0%} of max_quarantine_share"
    return (f"{table}: {bad:,} rows ({share:.0%}) are in quarantine, more than {limit}",)


def emptied(
    table: str, files: tuple[str, ...], now: pl.DataFrame, before: pl.DataFrame | None
) -> tuple[str, ...]:
    """A sentence where an export without a row follows one that had some: most likely it broke."""
    if now.height or before is None or before.is_empty():
        return ()
    said = f"{table}: {', '.join(files)} without a row, though earlier exports had some"
    return (f"{said}; what landed before stays as it was, for an export may be cut short",)


def quarantine_with(
    stores: Stores, table: str, files: tuple[str, ...], rejected: pl.DataFrame
) -> pl.DataFrame:
    """All rejected rows: those of files that were read again now are replaced."""
    shape = RESULT_TABLES["quarantine"]
    found = stores.lake.frame("quarantine")
    old = shape.empty() if found is None else found
    file = pl.col("origin").str.replace(r":\d+$", "")
    again = (pl.col("table") == table) & file.is_in(list(files))
    kept, replaced = old.filter(~again), old.filter(again)
    same = rejected.join(
        replaced.select(*shape.key, pl.col("at").alias("first_at")),
        on=list(shape.key),
        how="left",
        nulls_equal=True,
    ).with_columns(pl.coalesce("first_at", "at").alias("at"))
    whole = pl.concat([kept, same.select(*shape.columns)], how="vertical_relaxed")
    return shape.conform(whole.unique(list(shape.key), keep="first", maintain_order=True))
