"""New event files as rows by day: read in slices, stamped, put away on disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from health_pipeline.adapters.sources.file import Feed, Part, SourceError, read_parts
from health_pipeline.adapters.store.day_files import DayFiles
from health_pipeline.core.schemas.event_landing import EVENT_ROWS, land_events
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import start_of
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.landed import EVENTS
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.window import Window

TALLY = {"source": pl.String(), "day": pl.Date(), "known_on": pl.Date(), "rows": pl.UInt32()}

UNIQUE = ("event_id",)
"""Columns whose values hardly repeat."""


@dataclass
class Taken:
    """What was read of the new files, their rows put away by day.

    Attributes:
        days: the rows.
        parts: what else there is to say of each slice.
        rejected: quarantine rows of events that cannot have happened when they say.
        rows: good rows of each file.
        broken: files that cannot be read, with why.
        tally: `TALLY` of days that nothing had landed of before.
    """

    days: DayFiles
    parts: list[Part] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    tally: list[pl.DataFrame] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slices:
    """How slices become landed rows: by what has landed before, and in which run."""

    stores: Stores
    reads: Reads
    window: Window
    known_days: frozenset[date]
    now: datetime

    def add(self, taken: Taken, part: Part) -> None:
        """Stamp the rows of one slice, and put them away."""
        rows, rejected = land_events(
            part.rows.with_columns(part.lines),
            self.window.last,
            first=not self.known_days,
            now=self.now,
            first_valid_year=self.stores.model.activity.first_valid_year,
            since=self.window.first,
        )
        if self.known_days:
            # What is published does not change: known from this run's first day on.
            start = pl.lit(start_of(self.window.first))
            rows = rows.with_columns(pl.max_horizontal("known_at", start).alias("known_at"))
        taken.rejected.append(rejected)
        taken.parts.append(part.without_rows())
        for day, found in _by_day(rows):
            taken.days.add(day, found, part.rows.columns)
            if day not in self.known_days:
                taken.tally.append(tally(found))


def _by_day(rows: pl.DataFrame) -> Iterator[tuple[date, pl.DataFrame]]:
    day = pl.col("occurred_at").dt.date()
    low, high = rows.select(day.min().alias("low"), day.max().alias("high")).row(0)
    if low is not None and low == high:
        yield low, rows
    elif low is not None:
        parts = rows.with_columns(day.alias("#day")).partition_by(
            "#day", as_dict=True, include_key=False
        )
        yield from ((key[0], part) for key, part in sorted(parts.items()))


def tally(rows: pl.DataFrame) -> pl.DataFrame:
    """`TALLY` of landed rows: how many of each source and day became known on which day."""
    day, known_on = pl.col("occurred_at").dt.date(), pl.col("known_at").dt.date()
    cells = pl.struct("source", day.alias("day"), known_on.alias("known_on"))
    # Files are nearly in the order of time, so that there are far fewer runs than rows.
    runs = rows.select(cells.rle().alias("run")).unnest("run").unnest("value")
    return runs.group_by("source", "day", "known_on").agg(pl.col("len").sum().alias("rows"))


@contextmanager
def taken_from(how: Slices, feeds: Sequence[Feed], scratch: Path) -> Iterator[Taken]:
    """Read all `feeds`; one that breaks in the middle is left out, and the others read again.

    The files of the days lie in `scratch` until the context ends.
    """
    broken: dict[str, str] = {}
    while True:
        with suppress(_TornError), TemporaryDirectory(dir=scratch) as folder:
            taken = Taken(DayFiles(Path(folder), EVENT_ROWS, UNIQUE), broken=broken)
            for feed in feeds:
                _take_file(how, taken, feed)
            yield taken
            return


class _TornError(Exception):
    """A file broke after some of its rows were taken."""


def _take_file(how: Slices, taken: Taken, feed: Feed) -> None:
    name = how.reads.relative(feed.ref)
    if name in taken.broken:
        return
    table = SOURCE_TABLES[EVENTS]
    try:
        for part in read_parts(how.reads.folder, table, feed):
            how.add(taken, part)
            taken.rows[name] = taken.rows.get(name, 0) + part.rows.height
    except SourceError as error:
        taken.broken[name] = str(error)
        if name in taken.rows:
            raise _TornError from error
