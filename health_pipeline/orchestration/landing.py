"""Source files become landed tables: read what is new, stamp it, keep the rest as it was."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time

import polars as pl

from health_pipeline.adapters.sources.file import SourceError, TableRead
from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.landed import remember_files
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.schemas.landing import land
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import EVENTS, LATE_EVENTS, landed, landing_name
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.window import Window

READABLE_CHECK = "readable"
CONTRACT_CHECK = "rows_keep_contract"


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
    """

    table: str
    connected: bool
    new_rows: int = 0
    quarantined: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    files: tuple[str, ...] = field(default=())


def land_table(stores: Stores, reads: Reads, table: str, window: Window, run_id: str) -> Landing:
    """Land what is new of `table` in the run for `window`; never raises for a bad file."""
    before = _frame_before(stores, table)
    try:
        read = reads.read(table)
    except SourceError as error:
        return Landing(table, before is not None, error=str(error))
    if read is None:
        return Landing(table, before is not None)
    if read.rows.is_empty() and read.quarantine.height:
        return _nothing_good(stores, reads, table, read, connected=before is not None)
    versions, conflicts = land(
        SOURCE_TABLES[table],
        read.rows,
        before,
        window.last,
        first_valid_year=stores.model.activity.first_valid_year,
    )
    if table == EVENTS:
        writes = _event_writes(stores, versions, window, first=before is None)
    else:
        writes = [Write(landing_name(table), None, versions)]
    names = tuple(reads.relative(ref) for ref in read.files)
    rejected = pl.concat([read.quarantine, conflicts])
    writes.append(Write("quarantine", None, _quarantine(stores, table, names, rejected)))
    stores.lake.publish(writes, run_id=run_id, at=House.now())
    with transaction(stores.control):
        fingerprints = {reads.relative(ref): reads.fingerprint(table, ref) for ref in read.files}
        remember_files(stores.control, table, fingerprints)
    return Landing(
        table,
        connected=True,
        new_rows=read.rows.height,
        quarantined=rejected.select("origin", "key").unique().height,
        warnings=(*read.warnings, *_too_poor(stores, table, read)),
        files=names,
    )


def _nothing_good(
    stores: Stores, reads: Reads, table: str, read: TableRead, *, connected: bool
) -> Landing:
    """A table of which every row broke the contract: nothing lands, and the rows are kept apart."""
    names = tuple(reads.relative(ref) for ref in read.files)
    quarantine = _quarantine(stores, table, names, read.quarantine)
    stores.lake.publish([Write("quarantine", None, quarantine)], run_id="", at=House.now())
    rows = read.quarantine.select("origin").unique().height
    rules = read.quarantine.group_by("rule").len().sort("len", "rule", descending=[True, False])
    why = f"none of its {rows:,} rows keeps the contract (most break {rules['rule'][0]})"
    error = f"{table}: {', '.join(names)}: {why}"
    return Landing(table, connected, quarantined=rows, error=error, warnings=read.warnings)


def _too_poor(stores: Stores, table: str, read: TableRead) -> tuple[str, ...]:
    """A sentence where more rows broke the contract than `max_quarantine_share` allows."""
    allowed = stores.model.sources.max_quarantine_share
    bad = read.quarantine.select("origin").unique().height
    share = bad / max(bad + read.rows.height, 1)
    if allowed is None or share <= allowed:
        return ()
    limit = f"the {allowed:.0%} of max_quarantine_share"
    return (f"{table}: {bad:,} rows ({share:.0%}) are in quarantine, more than {limit}",)


def _frame_before(stores: Stores, table: str) -> pl.DataFrame | None:
    """Landed versions; of events, which may be many, only whether there are any."""
    if table != EVENTS:
        return landed(stores, table)
    days = stores.lake.days(landing_name(EVENTS))
    return stores.lake.frame(landing_name(EVENTS), days[-1], days[-1]) if days else None


def _event_writes(
    stores: Stores, rows: pl.DataFrame, window: Window, *, first: bool
) -> list[Write]:
    """Events by event day, so that copies of one event meet; days without news are not written.

    In a later landing, a row that says it was received before this run's first day is known from
    that day on: what is published does not change (docs/architecture.md).
    """
    name = landing_name(EVENTS)
    if not first:
        start = datetime.combine(window.first, time.min, tzinfo=UTC)
        rows = rows.with_columns(pl.max_horizontal("known_at", pl.lit(start)).alias("known_at"))
    by_day = rows.with_columns(pl.col("occurred_at").cast(pl.Date).alias("day")).partition_by(
        "day", as_dict=True, include_key=False
    )
    writes = []
    for (day,), new in sorted(by_day.items()):
        old = stores.lake.frame(name, day, day)
        fresh = new if old is None else _unseen(new, old)
        if fresh.height:
            whole = fresh if old is None else pl.concat([old, fresh], how="diagonal_relaxed")
            writes.append(Write(name, day, whole.sort("event_id", "known_at", maintain_order=True)))
    writes.append(Write(LATE_EVENTS, None, _late_events(stores, rows)))
    return writes


def _late_events(stores: Stores, rows: pl.DataFrame) -> pl.DataFrame:
    """day, known_on: where the roll-up finds events that came later than its look-back."""
    seen = rows.select(
        pl.col("occurred_at").cast(pl.Date).alias("day"),
        pl.col("known_at").cast(pl.Date).alias("known_on"),
    ).unique()
    late = seen.filter(pl.col("known_on") > pl.col("day"))
    before = stores.lake.frame(LATE_EVENTS)
    whole = late if before is None else pl.concat([before, late])
    return whole.unique().sort("known_on", "day")


def _unseen(new: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """Rows of `new` that are not in `old` with the same content."""
    stamps = {"known_at", "known_assumed", "origin"}
    cells = [name for name in new.columns if name not in stamps and name in old.columns]
    return new.join(old.select(cells).unique(), on=cells, how="anti", nulls_equal=True)


def _quarantine(
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
