"""The sources folder as it is now: which files are new, what they hold, how far the data goes."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from health_pipeline.adapters.sources.dates import last_date
from health_pipeline.adapters.sources.file import (
    Feed,
    FileRef,
    SourceError,
    TableRead,
    feeds_of,
    read_parts,
    read_table,
)
from health_pipeline.adapters.sources.folder import file_ref, paths_of, unread
from health_pipeline.adapters.store.landed import digests, landed_files, remember_digests
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.config.settings import SettingsError
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.words import counted
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import EVENTS, landing_name

OBSERVED = ("events", "usage_daily")
"""Tables whose dates say how far the data goes; others stand in where these are not connected."""

OBSERVED_ELSE = ("tickets", "engagements", "surveys", "sentiments", "integrations", "invoices")

SETTLED = timedelta(seconds=2)
"""A file that was changed so recently may change again within one tick of its clock."""

UNREADABLE = ""
"""Digest of a file that cannot be opened: it counts as new, and reading it says what is wrong."""


class Reads:
    """Files of one sources folder; a table is read once in the life of this object.

    Choosing the days of a run reads only the dates of what is new, landing reads its rows. Events
    are never read as a whole.
    """

    def __init__(self, stores: Stores) -> None:
        """Look into the folder.

        Raises:
            ObjectError: see `Stores.sources_folder`.
            SettingsError: likewise; or no file is there any more, as where nothing is mounted on
                the folder of a share. A day without any source would look like a day without use.
        """
        self.stores = stores
        self.folder = stores.sources_folder()
        self._reads: dict[str, TableRead | SourceError | None] = {}
        self._refuse_emptied()

    def _refuse_emptied(self) -> None:
        landed = [name for name in SOURCE_TABLES if landed_files(self.stores.control, name)]
        # Files of events may be put away once they have landed: alone they do not tell it.
        if set(landed) <= {EVENTS} or self._holds_files():
            return
        raise SettingsError(
            f"{self.stores.settings.sources}: no file of any table is there, but "
            f"{counted(len(landed), 'table')} had landed from it; mount it, or correct "
            "HEALTH_SOURCES. Files that were renamed are mapped in sources.yaml"
        )

    def _holds_files(self) -> bool:
        """Whether a file of some source table lies in the folder, readable or not."""
        try:
            return any(self._paths(name) for name in SOURCE_TABLES)
        except SourceError:
            return True

    def _stems(self, table: str) -> list[str]:
        maps = self.stores.model.sources.tables.get(table, ())
        return list(dict.fromkeys([tmap.file or table for tmap in maps] or [table]))

    def _paths(self, table: str) -> list[Path]:
        return [path for stem in self._stems(table) for path in paths_of(self.folder, stem)]

    def unread(self, table: str) -> tuple[str, ...]:
        """A sentence on files that seem to be meant for `table` and are not read."""
        try:
            return unread(self.folder, table, self._stems(table))
        except SourceError:
            return ()  # landing says what is wrong with the folder

    def gone(self, table: str) -> tuple[str, ...]:
        """A sentence where files of `table` have landed and none is there any more.

        Files of events may be taken away once they have landed; days without any are told apart.
        """
        known = sorted(landed_files(self.stores.control, table))
        if table == EVENTS or not known or self._paths(table):
            return ()
        said = f"{table}: there is no file any more, though {', '.join(known[-3:])} landed before"
        return (f"{said}; what landed stays as it was. If it was renamed, map it in sources.yaml",)

    def files(self, table: str) -> tuple[FileRef, ...]:
        """Files that feed `table` now; one that stands as it was hashed is not hashed again."""
        known, found = digests(self.stores.control), []
        hashed: dict[str, tuple[str, str]] = {}
        settled = (House.now() - SETTLED).timestamp() * 1e9
        for path in self._paths(table):
            name = path.relative_to(self.folder).as_posix()
            before, digest = known.get(name, ("", ""))
            try:
                stat = path.stat()
                stamp = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
                ref = FileRef(path, stat.st_size, digest) if stamp == before else file_ref(path)
            except OSError:
                found.append(FileRef(path, 0, UNREADABLE))
                continue
            if stamp != before and max(stat.st_mtime_ns, stat.st_ctime_ns) < settled:
                hashed[name] = (stamp, ref.fingerprint)
            found.append(ref)
        if hashed:
            with transaction(self.stores.control):
                remember_digests(self.stores.control, hashed)
        return tuple(found)

    def is_connected(self) -> bool:
        """Whether any source table has landed, or lies in the folder, readable or not."""
        tables = self.stores.lake.tables()
        return any(landing_name(name) in tables for name in SOURCE_TABLES) or self._holds_files()

    def waiting(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Tables that cannot be read now, with why; and files with rows that have not landed."""
        failed: dict[str, str] = {}
        files: list[str] = []
        for name in SOURCE_TABLES:
            good, bad = 0, 0
            names: list[str] = []
            try:
                for feed in self.feeds(name):
                    names.append(self.relative(feed.ref))
                    for part in read_parts(self.folder, SOURCE_TABLES[name], feed):
                        good, bad = good + part.rows.height, bad + part.quarantine.height
            except SourceError as error:
                failed[name] = str(error)
                continue
            if bad and not good:
                failed[name] = f"{name}: {', '.join(names)}: no row keeps the contract"
            else:
                files += dict.fromkeys(names)
        return failed, tuple(files)

    def feeds(self, table: str) -> Iterator[Feed]:
        """The new files of `table`, each with the mapping that reads it.

        Raises:
            SourceError: the folder holds no clear set of files.
        """
        maps = self.stores.model.sources.tables.get(table, ())
        return feeds_of(self.folder, SOURCE_TABLES[table], maps, self.new_files(table))

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
        return ref.path.relative_to(self.folder).as_posix()

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
        return read_table(self.folder, contract, maps, House.now(), new)


def data_through(stores: Stores, reads: Reads) -> date | None:
    """The last day of the data, by usage where it is connected; None when no data has dates."""
    for group in (OBSERVED, OBSERVED_ELSE):
        days = [day for table in group if (day := last_day(stores, reads, table)) is not None]
        if days:
            return max(days)
    return None


def last_day(stores: Stores, reads: Reads, table: str) -> date | None:
    """The last day that `table` knows anything of, new files included; None when of none.

    Days that have not come yet are mistakes of clocks, and tell nothing.
    """
    column, until = SOURCE_TABLES[table].own_first[0], House.now().date() + timedelta(days=1)
    found = [*_last_days_of_files(reads, table, column, until), _landed_day(stores, table, column)]
    return max((day for day in found if day is not None), default=None)


def _last_days_of_files(
    reads: Reads, table: str, column: str, until: date
) -> Iterator[date | None]:
    contract = SOURCE_TABLES[table]
    try:
        feeds = list(reads.feeds(table))
    except SourceError:
        return
    for feed in feeds:
        try:
            yield last_date(reads.folder, contract, feed, column, until)
        except SourceError:
            continue  # landing says what is wrong with it


def _landed_day(stores: Stores, table: str, column: str) -> date | None:
    if table == EVENTS:
        return max(stores.lake.days(landing_name(EVENTS)), default=None)
    files = stores.lake.files(landing_name(table))
    if not files:
        return None
    rows = pl.scan_parquet(files, hive_partitioning=False)
    if column not in rows.collect_schema():
        return None
    day: date | None = rows.select(pl.col(column).cast(pl.Date).max()).collect().item()
    return day
