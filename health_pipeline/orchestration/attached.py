"""Landed rows with their accounts, kept as files: who reads them takes the rows that they need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock

import polars as pl

from health_pipeline.adapters.store.draft import ROW_GROUP
from health_pipeline.core.identity.attach import attach
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.core.identity.seen import Shown
from health_pipeline.core.identity.users import USER
from health_pipeline.core.schemas.account_days import NUMBER
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import SINCE, UNTIL, dated, first_shown

ORIGIN = "origin"
IDS, SEEN, USED = "_ids", "_seen", "_used"
"""Files beside those of tables: all account ids, and the two parts of `Shown`."""

Files = Sequence[Path]


_making = RLock()
"""Held while a file is made: stages that run at once would attach the same rows twice."""


@dataclass(frozen=True)
class Attached(Mapping[str, pl.DataFrame]):
    """Landed tables (but events) with account_id and user_id, all versions, by `known_at`.

    As a mapping it gives whole tables; `scan` reads what is asked of it. A table is attached when
    it is first needed. From which file a row came is asked of the landing: it is left out here.

    Attributes:
        folder: where its files lie; those that are there are taken as they are.
        landed: files of the landed tables by name.
        account_xref, user_links: files of `Identity`.
        scratch: what removes the folder when nobody needs it any more.
    """

    folder: Path
    landed: Mapping[str, Files]
    account_xref: Files = ()
    user_links: Files = ()
    scratch: TemporaryDirectory[str] | None = None

    def __iter__(self) -> Iterator[str]:
        return iter(self.landed)

    def __len__(self) -> int:
        return len(self.landed)

    def __contains__(self, name: object) -> bool:
        return name in self.landed

    def __getitem__(self, name: str) -> pl.DataFrame:
        rows = self.scan(name).drop(SINCE, UNTIL).collect()
        return rows.with_columns(self.ids.gather(rows["account_id"]))

    def scan(self, name: str) -> pl.LazyFrame:
        """`dated` rows of a connected table; `account_id` is a number, the place in `ids`."""
        if name not in self.landed:
            raise KeyError(name)
        return pl.scan_parquet(self._file(name), hive_partitioning=False)

    def columns(self, name: str) -> frozenset[str]:
        """What some source really delivers of a table, with the ids that identity adds."""
        return frozenset(pl.read_parquet_schema(self._file(name))) - {SINCE, UNTIL}

    def make(self) -> None:
        """Put every file there now."""
        for name in (IDS, *self, SEEN, USED):
            self._file(name)

    @cached_property
    def ids(self) -> pl.Series:
        """`account_id` of all accounts, sorted: their numbers are in the order of their texts."""
        return pl.read_parquet(self._file(IDS)).to_series()

    @cached_property
    def shown(self) -> Shown:
        """Since when accounts are seen and used, by the rows of all tables."""
        return Shown(*(pl.read_parquet(self._file(name)) for name in (SEEN, USED)))

    def _file(self, name: str) -> Path:
        path = self.folder / f"{name}.parquet"
        with _making:
            if not path.exists():
                self.folder.mkdir(exist_ok=True)  # a later run may have taken it for left behind
                for made, frame in self._made(name).items():
                    draft = self.folder / f"{made}.tmp"
                    frame.write_parquet(draft, compression="lz4", row_group_size=ROW_GROUP)
                    draft.rename(self.folder / f"{made}.parquet")
        return path

    def _made(self, name: str) -> dict[str, pl.DataFrame]:
        """What the file `name` holds, and what is found with it."""
        if name == IDS:
            found = (_read(files)["account_id"] for files in (self.account_xref, self.user_links))
            return {IDS: pl.concat(found).unique().drop_nulls().sort().to_frame()}
        if name in (SEEN, USED):
            shown = Shown.together([self._shown(table) for table in self])
            return {SEEN: shown.seen, USED: shown.used}
        number = pl.col("account_id").to_physical().cast(NUMBER)
        return {name: dated(SOURCE_TABLES[name], self._attach(name)).with_columns(number)}

    def _attach(self, name: str) -> pl.DataFrame:
        """A landed table with its accounts as categories, which are cheaper than texts."""
        rows = _read(self.landed[name]).drop(ORIGIN, strict=False)
        account = pl.col("account_id").cast(pl.Enum(self.ids))
        links = _read(self.user_links) if set(USER) <= set(rows.columns) else pl.DataFrame()
        identity = Identity(
            account_xref=_read(self.account_xref).with_columns(account),
            user_links=links.with_columns(account) if links.width else links,
            **dict.fromkeys(
                ("user_xref", "conflicts", "review", "unresolved", "aliases", "registry_new"),
                pl.DataFrame(),
            ),
        )
        return attach({name: rows}, identity)[0][name]

    def _shown(self, name: str) -> Shown:
        rows = self.scan(name)
        own = set(SOURCE_TABLES[name].own_first) & self.columns(name)
        asked = rows.select("account_id", "known_at", *sorted(own)).collect()
        few = first_shown(SOURCE_TABLES[name], asked)  # by number: far cheaper than by text
        return Shown.of({name: few.with_columns(self.ids.gather(few["account_id"]))})


def _read(files: Files) -> pl.DataFrame:
    frames = [pl.read_parquet(file, hive_partitioning=False) for file in files]
    return pl.concat(frames, how="diagonal_relaxed")
