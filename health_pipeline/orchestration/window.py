"""Which days a run is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg

from health_pipeline.adapters.store.lake import Lake
from health_pipeline.core.schemas.time import days_between
from health_pipeline.orchestration.house import House

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"
REFIT_TAG = "health/refit"
FIRST_TAG = "health/first"
"""First day of a run of which Dagster hears only the last day."""

BACKFILL_TAG, DAGSTER_BACKFILL_TAG = "health/backfill", "dagster/backfill"
"""A run with either is history: it fills what is missing, and nobody is told of it."""

RESTATE_TAG = "health/restate"
"""A backfill with the value `true` also computes published days anew."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """All days of the window in order."""
        return days_between(self.first, self.last)

    def __str__(self) -> str:
        """As people read it."""
        return str(self.first) if self.first == self.last else f"{self.first} … {self.last}"

    def before(self, days: int) -> "Window":
        """The `days` days before this window."""
        return Window(self.first - timedelta(days=days), self.first - timedelta(days=1))

    def through(self, lake: Lake, table: str) -> "Window":
        """This window, longer where `table` is already published beyond its last day."""
        published = lake.days(table)
        return Window(self.first, max([self.last, *published[-1:]]))


def runs_of(days: Sequence[date]) -> list[Window]:
    """Ascending days as windows without holes."""
    found: list[Window] = []
    for day in days:
        if found and day == found[-1].last + timedelta(days=1):
            found[-1] = Window(found[-1].first, day)
        else:
            found.append(Window(day, day))
    return found


def tags_for(first: date, last: date, *, recorded: bool = True) -> dict[str, str]:
    """Run tags that make one run cover `first` to `last`.

    Dagster writes events for every asset and day of a range, which costs a fifth of a first run;
    where its record is not kept (`recorded` False) it is told of the last day alone.
    """
    start, end = (RANGE_START, RANGE_END) if recorded else (FIRST_TAG, PARTITION)
    return {start: first.isoformat(), end: last.isoformat()}


def yesterday() -> date:
    """The last complete UTC day."""
    return House.now().date() - timedelta(days=1)


def window_of(tags: Mapping[str, str]) -> Window:
    """The window that the tags of a run name; yesterday for a run without partitions."""
    single = tags.get(PARTITION)
    first = tags.get(RANGE_START) or tags.get(FIRST_TAG) or single
    last = tags.get(RANGE_END) or single
    if first is None or last is None:
        return Window(yesterday(), yesterday())
    return Window(date.fromisoformat(first), date.fromisoformat(last))


def is_backfill(tags: Mapping[str, str]) -> bool:
    """Whether the run is history: of `health backfill`, or of a backfill that Dagster launched."""
    return BACKFILL_TAG in tags or DAGSTER_BACKFILL_TAG in tags


def restates(tags: Mapping[str, str]) -> bool:
    """Whether a backfill may compute published days anew."""
    return tags.get(RESTATE_TAG) == "true"


def run_tags(context: dg.AssetExecutionContext) -> Mapping[str, str]:
    """The tags of the run, with the range of its backfill where they do not name it.

    Dagster runs the assets without partitions of a backfill that was launched from the graph apart
    from the others and tells them no range; the runs of the others have it.
    """
    tags = context.run.tags
    backfill = tags.get(DAGSTER_BACKFILL_TAG)
    if backfill is None or PARTITION in tags or RANGE_START in tags:
        return tags
    runs = context.instance.get_runs(dg.RunsFilter(tags={DAGSTER_BACKFILL_TAG: backfill}))
    windows = [window_of(run.tags) for run in runs if {PARTITION, RANGE_START} & run.tags.keys()]
    if not windows:
        return tags
    first, last = min(w.first for w in windows), max(w.last for w in windows)
    return {**tags, RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}


def run_window(context: dg.AssetExecutionContext) -> Window:
    """The window of the run that this asset is part of; works for assets without partitions too."""
    return window_of(run_tags(context))
