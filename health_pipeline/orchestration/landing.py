"""Source files become landed tables: read what is new, stamp it, keep the rest as it was."""

from dataclasses import replace

import polars as pl

from health_pipeline.adapters.sources.file import SourceError
from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.landed import remember_files
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.schemas.landing import land
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.event_landing import land_event_files
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import EVENTS, landed, landing_name
from health_pipeline.orchestration.landing_outcome import (
    Landing,
    emptied,
    nothing_good,
    quarantine_with,
    too_poor,
)
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.window import Window

__all__ = ["CONTRACT_CHECK", "READABLE_CHECK", "Landing", "land_table"]

READABLE_CHECK = "readable"
CONTRACT_CHECK = "rows_keep_contract"


def land_table(stores: Stores, reads: Reads, table: str, window: Window, run_id: str) -> Landing:
    """Land what is new of `table` in the run for `window`; never raises for a bad file."""
    if table == EVENTS:
        found = land_event_files(stores, reads, window, run_id)
    else:
        found = _land_whole(stores, reads, table, window, run_id)
    return replace(found, warnings=(*found.warnings, *reads.unread(table)))


def _land_whole(stores: Stores, reads: Reads, table: str, window: Window, run_id: str) -> Landing:
    before = landed(stores, table)
    try:
        read = reads.read(table)
    except SourceError as error:
        return Landing(table, before is not None, error=str(error))
    if read is None:
        return Landing(table, before is not None, warnings=reads.gone(table))
    if read.rows.is_empty() and read.quarantine.height:
        return nothing_good(stores, reads, table, read, connected=before is not None)
    new = read.rows.with_columns(read.lines)
    versions, conflicts = land(SOURCE_TABLES[table], new, before, window.last, window.first)
    names = tuple(reads.relative(ref) for ref in read.files)
    rejected = pl.concat([read.quarantine, conflicts])
    writes = [
        Write(landing_name(table), None, versions),
        Write("quarantine", None, quarantine_with(stores, table, names, rejected)),
    ]
    stores.lake.publish(writes, run_id=run_id, at=House.now())
    with transaction(stores.control):
        fingerprints = {reads.relative(ref): reads.fingerprint(table, ref) for ref in read.files}
        remember_files(stores.control, table, fingerprints)
    return Landing(
        table,
        connected=True,
        new_rows=read.rows.height,
        quarantined=rejected.select("origin", "key").unique().height,
        warnings=(
            *read.warnings,
            *too_poor(stores, table, read.quarantine, read.rows.height),
            *emptied(table, names, read.rows, before),
        ),
        files=names,
    )
