"""Which published days have windows of usage that no longer follow from the activity.

Activity of days that are published changes where such a day is run again with more events, and
where events or aggregates are connected for the first time. Scores of these days stand; the weeks
that later days read of their windows, and the state from which the next day goes on, do not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.usage import USAGE_WINDOWS, WEEKS_BACK
from health_pipeline.orchestration.window import Window

STALE = "usage_stale"
"""Internal: first, last: the days whose windows are to be worked out anew; empty where none are."""

SCHEMA = {"first": pl.Date(), "last": pl.Date()}
READ = ("activity", "aggregate_activity", "source_days", "usage_given")


def stale(lake: Lake) -> Window | None:
    """The days whose windows do not follow from the activity any more."""
    stored = lake.frame(STALE)
    if stored is None or stored.is_empty():
        return None
    return Window(*stored.row(0))


def stale_days(lake: Lake) -> list[date]:
    """Those of them that a later day still looks back to."""
    found = stale(lake)
    if found is None:
        return []
    first = max(found.first, found.last + timedelta(days=1) - WEEKS_BACK)
    return [day for day in lake.days(USAGE_WINDOWS) if first <= day <= found.last]


def marked(window: Window | None) -> Write:
    """The note that windows of `window` are stale; None = of no day."""
    rows = [] if window is None else [(window.first, window.last)]
    return Write(STALE, None, pl.DataFrame(rows, schema=SCHEMA, orient="row"))


@contextmanager
def watched(lake: Lake, part: Window, run_id: str) -> Iterator[None]:
    """Publish the activity of `part` in here: windows that no longer follow from it are noted.

    The note stands before the activity changes, and goes where it did not, so that a run which is
    killed between leaves windows that are worked out once too often.
    """
    last = _last_windows(lake)
    if last is None or last < part.first:
        yield
        return
    noted, before = stale(lake), _digests(lake, last)
    days = [part.first, last] + ([noted.first, noted.last] if noted else [])
    lake.publish([marked(Window(min(days), max(days)))], run_id=run_id, at=House.now())
    yield
    if _digests(lake, last) == before:
        lake.publish([marked(noted)], run_id=run_id, at=House.now())


def _last_windows(lake: Lake) -> date | None:
    """The last day that windows were worked out for."""
    published = lake.days(USAGE_WINDOWS)
    return published[-1] if published else None


def _digests(lake: Lake, through: date) -> list[tuple[str, str, str]]:
    """What windows up to `through` are worked out from, by content."""
    last = through.isoformat()
    return [
        (entry.table, entry.partition, entry.digest)
        for table in READ
        for entry in manifest.entries(lake.connection, table, last=last)
    ]
