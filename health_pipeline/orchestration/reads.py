"""The sources folder as it is now: which files are new, what they hold, how far the data goes."""

import hashlib
from datetime import date

import polars as pl

from health_pipeline.adapters.sources.file import FileRef, SourceError, TableRead, read_table
from health_pipeline.adapters.sources.folder import find_files
from health_pipeline.adapters.store.landed import landed_files
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import EVENTS, landed, landing_name

OBSERVED = ("events", "usage_daily")
"""Tables whose dates say how far the data goes; others stand in where these are not connected."""

OBSERVED_ELSE = ("tickets", "engagements", "surveys", "sentiments", "integrations", "invoices")


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

    def is_connected(self) -> bool:
        """Whether any source table has landed, or lies in the folder, readable or not."""
        if any(landing_name(name) in self.stores.lake.tables() for name in SOURCE_TABLES):
            return True
        try:
            return any(self.files(name) for name in SOURCE_TABLES)
        except SourceError:
            return True

    def waiting(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Tables that cannot be read now, with why; and files with rows that have not landed."""
        failed, files = {}, []
        for name in SOURCE_TABLES:
            try:
                read = self.read(name)
            except SourceError as error:
                failed[name] = str(error)
                continue
            names = [self.relative(ref) for ref in read.files] if read else []
            if read and read.rows.is_empty() and read.quarantine.height:
                failed[name] = f"{name}: {', '.join(names)}: no row keeps the contract"
            else:
                files += names
        return failed, tuple(files)

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
        days = [day for table in group if (day := last_day(stores, reads, table)) is not None]
        if days:
            return max(days)
    return None


def last_day(stores: Stores, reads: Reads, table: str) -> date | None:
    """The last day that `table` knows anything of, new files included; None when of none."""
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
