"""Where what was generated lies. Nothing here needs the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

ACTIVITY, EVENTS = "activity", "landing/events"
"""Tables of the lake, one folder `date=…` a day, in which one run file lies."""


@dataclass(frozen=True)
class Places:
    """Worlds below `folder`.

    `year`: all raw days and the year of activity. `long`: a small world, `short`: its later half.
    Beside them the tables `user_links` and `account_xref` (of `Identity`), `once` (the last raw
    day without copies) and `twice` (the same day with twice the events).
    """

    folder: Path

    def lake(self, world: str = "year") -> Path:
        return self.folder / world / "lake"

    def table(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def links(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """`Identity.user_links` and `account_xref`."""
        user_links, account_xref = map(self.table, ("user_links", "account_xref"))
        return pl.read_parquet(user_links), pl.read_parquet(account_xref)

    def files(self, table: str, days: Sequence[date]) -> list[Path]:
        """The run files of `table` on those of `days` on which there is any.

        Raises:
            FileNotFoundError: there is none on any of them.
        """
        folders = [self.lake() / table / f"date={day.isoformat()}" for day in days]
        found = [file for folder in folders for file in sorted(folder.glob("*.parquet"))]
        if not found:
            raise FileNotFoundError(f"no {table} from {days[0]} to {days[-1]}")
        return found

    def kept(self, world: str) -> Path:
        """The manifest of `world` as `subjects.keep` left it."""
        return self.folder / world / "control.kept"
