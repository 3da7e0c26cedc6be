"""Which published days have windows of usage that no longer follow from the activity.

Activity of days that are published changes where such a day is run again with more events, and
where events or aggregates are connected for the first time. Scores of these days stand; the weeks
that later days read of their windows, and the state from which the next day goes on, do not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.lake import Lake
from health_pipeline.adapters.store.stale import note_stale, stale_between
from health_pipeline.orchestration.usage import USAGE_WINDOWS, WEEKS_BACK
from health_pipeline.orchestration.window import Window

READ = ("activity", "aggregate_activity", "source_days", "usage_given")


def stale(lake: Lake) -> Window | None:
    """The days whose windows do not follow from the activity any more."""
    noted = stale_between(lake.connection)
    return None if noted is None else Window(*noted)


def stale_days(lake: Lake) -> list[date]:
    """Those of them that a later day still looks back to."""
    found = stale(lake)
    if found is None:
        return []
    first = max(found.first, found.last + timedelta(days=1) - WEEKS_BACK)
    return [day for day in lake.days(USAGE_WINDOWS) if first <= day <= found.last]


@contextmanager
def watched(lake: Lake, part: Window) -> Iterator[None]:
    """Publish the activity of `part` in here: windows that no longer follow from it are noted.

    The note stands before the activity changes, and goes where it did not, so that a run which is
    killed between leaves windows that are worked out once too often.
    """
    last = _last_windows(lake)
    if last is None or last < part.first:
        yield
        return
    noted, before = stale_between(lake.connection), _digests(lake, last)
    days = (part.first, last, *(noted or ()))
    note_stale(lake.connection, (min(days), max(days)))
    yield
    if _digests(lake, last) == before:
        note_stale(lake.connection, noted)


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
