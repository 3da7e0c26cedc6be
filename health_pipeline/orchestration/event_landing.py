"""Events land in slices: read, checked, stamped, put apart by day, and published all at once.

Memory holds a few slices, whatever the files hold. Nothing is visible before the end, so a killed
landing leaves the old generation in force (docs/adr/0017-events-land-in-slices.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.file import (
    Feed,
    SourceError,
    absent_files,
    together,
)
from health_pipeline.adapters.sources.hints import hints
from health_pipeline.adapters.store.day_files import (
    is_fragmented,
    provided_in,
    slices,
    write_slices,
)
from health_pipeline.adapters.store.lake import OnDisk, Write
from health_pipeline.adapters.store.landed import landed_rows, remember_files
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.schemas.event_landing import EVENT_ROWS, compared, fingerprints, unseen
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.event_slices import (
    TALLY,
    UNIQUE,
    Slices,
    Taken,
    taken_from,
    tally,
)
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import EVENTS, LATE_EVENTS, landing_name
from health_pipeline.orchestration.landing_outcome import (
    Landing,
    nothing_good,
    quarantine_with,
    too_poor,
)
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.scratch import scratch
from health_pipeline.orchestration.window import Window

EVENT_DAYS = "event_days"
"""Internal table: how many rows of each source have landed of each event day."""

ALIVE_DAYS = 28
"""A source that sent events so recently is alive."""

SCRATCH = ".landing-"

NAMED = 3
"""Files, or days, that a sentence names; it counts the others."""


def land_event_files(stores: Stores, reads: Reads, window: Window, run_id: str) -> Landing:
    """Land the events of new and changed files; never raises for a bad file."""
    maps = stores.model.sources.tables.get(EVENTS, ())
    known_days = frozenset(stores.lake.days(landing_name(EVENTS)))
    found = Landing(EVENTS, bool(known_days))
    try:
        feeds = list(reads.feeds(EVENTS))
        absent = absent_files(reads.folder, SOURCE_TABLES[EVENTS], maps)
    except SourceError as error:
        found, feeds = replace(found, error=str(error)), []
    if feeds:
        how = Slices(stores, reads, window, known_days, House.now())
        with (
            scratch(stores.lake.root, SCRATCH) as folder,
            taken_from(how, feeds, Path(folder)) as taken,
        ):
            found = _land(how, feeds, taken, absent, run_id)
    silent = _silent(stores, window)
    return replace(found, silent=silent, warnings=(*found.warnings, *silent))


def _land(
    how: Slices, feeds: Sequence[Feed], taken: Taken, absent: Sequence[str], run_id: str
) -> Landing:
    stores, reads = how.stores, how.reads
    good = dict.fromkeys(feed.ref for feed in feeds if reads.relative(feed.ref) not in taken.broken)
    read = together(SOURCE_TABLES[EVENTS], taken.parts, good, absent, how.now)
    rejected = pl.concat([read.quarantine, *taken.rejected])
    read = replace(read, quarantine=rejected)
    rows, error = sum(taken.rows.values()), _broken(taken.broken)
    files = taken.days.close()
    if not rows and rejected.height:
        found = nothing_good(stores, reads, EVENTS, read, connected=bool(how.known_days))
        return replace(found, error="; ".join(filter(None, (error, found.error))))
    if not good:
        return Landing(EVENTS, bool(how.known_days), error=error)
    names = tuple(reads.relative(ref) for ref in good)
    writes = _writes(stores, taken, files, how.known_days)
    writes.append(Write("quarantine", None, quarantine_with(stores, EVENTS, names, rejected)))
    stores.lake.publish(writes, run_id=run_id, at=House.now())
    shrunk = _shrunk(stores, taken.rows)
    with transaction(stores.control):
        marks = {reads.relative(ref): reads.fingerprint(EVENTS, ref) for ref in good}
        remember_files(stores.control, EVENTS, marks, taken.rows)
    warnings = (
        *read.warnings,
        *hints(EVENTS, pl.concat([pl.DataFrame(schema=rejected.schema), *taken.rejected])),
        *too_poor(stores, EVENTS, rejected, rows),
        *shrunk,
    )
    bad = rejected.select("origin", "key").unique().height
    return Landing(EVENTS, True, rows, bad, warnings, error, names)


def _writes(
    stores: Stores, taken: Taken, files: dict[date, list[Path]], known_days: frozenset[date]
) -> list[Write]:
    """A file for each day that has something new, and what is counted of them."""
    name, writes, tallies = landing_name(EVENTS), [], list(taken.tally)
    for day, parts in files.items():
        whole = taken.days.folder / f"{day}.parquet"
        if day in known_days:
            (old,) = stores.lake.files(name, day, day)
            parts, counted = _fresh(old, parts, whole.with_suffix(".fresh"))  # noqa: PLW2901 - of this day only
            tallies += counted
        if parts:
            writes.append(Write(name, day, _one_file(parts, whole)))
    counts = pl.concat([pl.DataFrame(schema=TALLY), *tallies])
    writes.append(Write(LATE_EVENTS, None, _late(stores, counts)))
    writes.append(Write(EVENT_DAYS, None, _days(stores, counts)))
    return writes


def _fresh(old: Path, parts: list[Path], to: Path) -> tuple[list[Path], list[pl.DataFrame]]:
    """The landed file and one of the rows that are new to it, with their tally; none if none is."""
    provided = frozenset[str]().union(*(provided_in(part) for part in parts))
    cells = compared(provided, provided_in(old))
    seen = pl.concat(fingerprints(rows, cells) for rows in slices(old, EVENT_ROWS))
    counted = []

    def new_rows() -> Iterator[pl.DataFrame]:
        for part in parts:
            for rows in slices(part, EVENT_ROWS):
                fresh = unseen(rows, seen, cells)
                counted.append(tally(fresh))
                yield fresh

    height = write_slices(to, new_rows(), EVENT_ROWS, UNIQUE, provided)
    return ([old, to] if height else []), counted


def _one_file(parts: list[Path], to: Path) -> OnDisk:
    """The parts of a day as they stand one after the other; a single sound one as it is."""
    if len(parts) == 1 and not is_fragmented(parts[0]):
        return OnDisk(parts[0], pl.scan_parquet(parts[0]).select(pl.len()).collect().item())
    rows = (frame for part in parts for frame in slices(part, EVENT_ROWS))
    provided = frozenset[str]().union(*(provided_in(part) for part in parts))
    return OnDisk(to, write_slices(to, rows, EVENT_ROWS, UNIQUE, provided))


def _late(stores: Stores, counts: pl.DataFrame) -> pl.DataFrame:
    """day, known_on: where the roll-up finds events that came later than its look-back."""
    late = counts.filter(pl.col("known_on") > pl.col("day")).select("day", "known_on")
    before = stores.lake.frame(LATE_EVENTS)
    whole = late if before is None else pl.concat([before, late])
    return whole.unique().sort("known_on", "day")


def _days(stores: Stores, counts: pl.DataFrame) -> pl.DataFrame:
    """source, day, rows: all that has landed."""
    names = ["source", "day", "rows"]
    before = stores.lake.frame(EVENT_DAYS)
    whole = counts.select(names) if before is None else pl.concat([before, counts.select(names)])
    return whole.group_by("source", "day").agg(pl.col("rows").sum()).sort("day", "source")


def _silent(stores: Stores, window: Window) -> tuple[str, ...]:
    """A sentence for each source that sent events shortly before some day of the run, not on it."""
    landed = stores.lake.frame(EVENT_DAYS)
    if landed is None:
        return ()
    sentences = []
    for (source,), rows in sorted(landed.partition_by("source", as_dict=True).items()):
        shown = set(rows["day"])
        days = [
            day
            for day in window.days
            if day not in shown
            and any(day - timedelta(days=back) in shown for back in range(1, ALIVE_DAYS + 1))
        ]
        if days:
            sentences.append(
                f"events: {source} sent nothing of {_some([str(day) for day in days], 'days')}, "
                "though it sent events shortly before; values age, none becomes zero. If there "
                "was usage, hand the events in: they count from then on"
            )
    return tuple(sentences)


def _broken(broken: dict[str, str]) -> str | None:
    return _some(list(broken.values()), "files", "; ") if broken else None


def _shrunk(stores: Stores, rows: dict[str, int]) -> tuple[str, ...]:
    """A sentence on files that hold fewer rows than when they landed last."""
    before = landed_rows(stores.control, EVENTS)
    shrunk = [
        f"{name} held {before[name]:,} rows when it landed last, now {now:,}"
        for name, now in rows.items()
        if now < before.get(name, 0)
    ]
    if not shrunk:
        return ()
    said = "what has landed stays, for events are facts; hand in every event of a file again"
    return (f"events: {_some(shrunk, 'files')}; {said}",)


def _some(names: list[str], what: str, between: str = ", ") -> str:
    shown = between.join(names[:NAMED])
    more = len(names) - NAMED
    return f"{shown}{between}and {more} more {what}" if more > 0 else shown
