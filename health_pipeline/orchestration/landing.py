"""Source files become landed tables: read what is new, stamp it, keep the rest as it was."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.file import FileRef, SourceError, TableRead, read_table
from health_pipeline.adapters.sources.folder import find_files
from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.landed import landed_files, remember_files
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.schemas.landing import land
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.window import Window

READABLE_CHECK = "readable"
LATE_EVENTS = "late_events"
"""Internal table: which event days hold rows that became known on a later day."""

EVENTS = "events"
OBSERVED = ("events", "usage_daily")
"""Tables whose dates say how far the data goes; others stand in where these are not connected."""

OBSERVED_ELSE = ("tickets", "engagements", "surveys", "sentiments", "integrations", "invoices")


@dataclass(frozen=True, slots=True)
class Landing:
    """How one table landed.

    Attributes:
        table: its name.
        connected: something of it has landed, now or before.
        rows: rows that are landed in all. `new_rows`: rows that this landing read.
        quarantined: rows of this landing that broke the contract.
        warnings: sentences for people.
        error: why the table could not be read; the last good landing stays in force.
        files: files read now; none when all were known already.
    """

    table: str
    connected: bool
    rows: int = 0
    new_rows: int = 0
    quarantined: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    files: tuple[str, ...] = field(default=())


def landing_name(table: str) -> str:
    """The lake's name of a landed table."""
    return f"landing/{table}"


def landed(stores: Stores, table: str) -> pl.DataFrame | None:
    """All landed versions of `table`, None when it is not connected."""
    return stores.lake.frame(landing_name(table))


def landed_tables(stores: Stores) -> dict[str, pl.DataFrame]:
    """Every landed table but events, which are read by the roll-up alone."""
    found = {name: landed(stores, name) for name in SOURCE_TABLES if name != EVENTS}
    return {name: frame for name, frame in found.items() if frame is not None}


def identity_tables(stores: Stores) -> dict[str, pl.DataFrame]:
    """What accounts are resolved from.

    Where nobody hands in `accounts`, the ids that rows carry stand in for it, those of events too.
    """
    tables = landed_tables(stores)
    files = [] if "accounts" in tables else stores.lake.files(landing_name(EVENTS))
    if files:
        events = pl.scan_parquet(files, hive_partitioning=False, missing_columns="insert")
        if "source_account_id" in events.collect_schema().names():
            ids = events.group_by("source", "source_account_id").agg(pl.col("known_at").min())
            tables[EVENTS] = ids.sort("source", "source_account_id").collect()
    return tables


def provided_columns(tables: Mapping[str, pl.DataFrame]) -> dict[str, frozenset[str]]:
    """For each table the columns that some source really delivers."""
    return {name: frozenset(frame.columns) for name, frame in tables.items()}


class Reads:
    """Files of one sources folder, each read once in the life of this object.

    Choosing the days of a run needs the dates that the files hold, landing needs their rows.
    """

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self._reads: dict[str, TableRead | SourceError | None] = {}

    def files(self, table: str) -> tuple[FileRef, ...]:
        """Files that feed `table` now."""
        maps = self.stores.model.sources.tables.get(table, ())
        stems = [tmap.file or table for tmap in maps] or [table]
        found = [ref for stem in stems for ref in find_files(self.stores.settings.sources, stem)]
        return tuple(dict.fromkeys(found))

    def fingerprint(self, table: str, ref: FileRef) -> str:
        """Of a file's content and of the mapping that reads it."""
        maps = self.stores.model.sources.tables.get(table, ())
        mapping = "".join(tmap.model_dump_json(by_alias=True) for tmap in maps)
        return hashlib.sha256(f"{ref.fingerprint}\n{mapping}".encode()).hexdigest()[:32]

    def new_files(self, table: str) -> tuple[FileRef, ...]:
        """Files that have not landed with this content and this mapping."""
        known = landed_files(self.stores.control, table)
        return tuple(
            ref
            for ref in self.files(table)
            if known.get(self.relative(ref)) != self.fingerprint(table, ref)
        )

    def relative(self, ref: FileRef) -> str:
        """A file's path in the sources folder."""
        return ref.path.relative_to(self.stores.settings.sources).as_posix()

    def read(self, table: str) -> TableRead | None:
        """The new files of `table`; None when there are none.

        Raises:
            SourceError: a file cannot be read.
        """
        if table not in self._reads:
            try:
                self._reads[table] = self._read(table)
            except SourceError as error:
                self._reads[table] = error
        found = self._reads[table]
        if isinstance(found, SourceError):
            raise found
        return found

    def _read(self, table: str) -> TableRead | None:
        new = self.new_files(table)
        if not new:
            return None
        contract = SOURCE_TABLES[table]
        maps = self.stores.model.sources.tables.get(table, ())
        return read_table(self.stores.settings.sources, contract, maps, House.now(), new)


def data_through(stores: Stores, reads: Reads) -> date | None:
    """The last day of the data, by usage where it is connected; None when no data has dates."""
    for group in (OBSERVED, OBSERVED_ELSE):
        days = [day for table in group if (day := _last_day(stores, reads, table)) is not None]
        if days:
            return max(days)
    return None


def _last_day(stores: Stores, reads: Reads, table: str) -> date | None:
    try:
        read = reads.read(table)
    except SourceError:
        read = None
    column = SOURCE_TABLES[table].own_first[0]
    found: list[date | None] = []
    if read is not None and read.rows.height:
        found.append(read.rows.select(pl.col(column).cast(pl.Date).max()).item())
    if table == EVENTS:
        found.extend(stores.lake.days(landing_name(EVENTS))[-1:])
    else:
        before = landed(stores, table)
        if before is not None:
            found.append(before.select(pl.col(column).cast(pl.Date).max()).item())
    return max((day for day in found if day is not None), default=None)


def land_table(stores: Stores, reads: Reads, table: str, window: Window, run_id: str) -> Landing:
    """Land what is new of `table` in the run for `window`; never raises for a bad file."""
    before = _frame_before(stores, table)
    rows_before = 0 if before is None else before.height
    try:
        read = reads.read(table)
    except SourceError as error:
        return Landing(table, before is not None, rows_before, error=str(error))
    if read is None:
        return Landing(table, before is not None, rows_before)
    versions, conflicts = land(
        SOURCE_TABLES[table],
        read.rows,
        before,
        window.last,
        first_valid_year=stores.model.activity.first_valid_year,
    )
    if table == EVENTS:
        writes, total = _event_writes(stores, versions, window, first=before is None)
    else:
        writes, total = [Write(landing_name(table), None, versions)], versions.height
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
        rows=total,
        new_rows=read.rows.height,
        quarantined=rejected.select("origin", "key").unique().height,
        warnings=read.warnings,
        files=names,
    )


def _frame_before(stores: Stores, table: str) -> pl.DataFrame | None:
    """Landed versions; of events, which may be many, only whether there are any."""
    if table != EVENTS:
        return landed(stores, table)
    days = stores.lake.days(landing_name(EVENTS))
    return stores.lake.frame(landing_name(EVENTS), days[-1], days[-1]) if days else None


def _event_writes(
    stores: Stores, rows: pl.DataFrame, window: Window, *, first: bool
) -> tuple[list[Write], int]:
    """Events by event day, so that copies of one event meet; days without news are not written.

    In a later landing, a row that says it was received before this run's first day is known from
    that day on: what is published does not change (design.md, "Time").
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
    return writes, rows.height


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


def event_files(stores: Stores, window: Window) -> list[Path]:
    """Landed events whose copies may meet in `window`: its days, the look-back, late arrivals."""
    name = landing_name(EVENTS)
    start = window.first - timedelta(days=stores.model.activity.lookback_days)
    files = stores.lake.files(name, start, window.last)
    late = stores.lake.frame(LATE_EVENTS)
    if late is not None:
        known = pl.col("known_on").is_between(window.first, window.last)
        older = late.filter(known & (pl.col("day") < start))["day"].unique().sort()
        files += [file for day in older for file in stores.lake.files(name, day, day)]
    return files


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
