"""Which days a run is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from health_pipeline.adapters.store.lake import Lake
from health_pipeline.core.schemas.time import days_between

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"
REFIT_TAG = "health/refit"
FIRST_TAG = "health/first"
"""First day of a run of which Dagster hears only the last day."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """All days of the window in order."""
        return days_between(self.first, self.last)

    def through(self, lake: Lake, table: str) -> "Window":
        """This window, longer where `table` is already published beyond its last day.

        Held tiers and driver states depend on the day before, so rescoring a day rescores
        everything published after it (docs/architecture.md).
        """
        published = lake.days(table)
        return Window(self.first, max([self.last, *published[-1:]]))


def tags_for(first: date, last: date, *, recorded: bool = True) -> dict[str, str]:
    """Run tags that make one run cover `first` to `last`.

    Dagster writes events for every asset and day of a range, which costs a fifth of a first run;
    where its record is not kept (`recorded` False) it is told of the last day alone.
    """
    start, end = (RANGE_START, RANGE_END) if recorded else (FIRST_TAG, PARTITION)
    return {start: first.isoformat(), end: last.isoformat()}


def yesterday() -> date:
    """The last complete UTC day."""
    return datetime.now(UTC).date() - timedelta(days=1)


def window_of(tags: Mapping[str, str]) -> Window:
    """The window that the tags of a run name; yesterday for a run without partitions."""
    single = tags.get(PARTITION)
    first = tags.get(RANGE_START) or tags.get(FIRST_TAG) or single
    last = tags.get(RANGE_END) or single
    if first is None or last is None:
        return Window(yesterday(), yesterday())
    return Window(date.fromisoformat(first), date.fromisoformat(last))


def run_window(context: dg.AssetExecutionContext) -> Window:
    """The window of the run that this asset is part of; works for assets without partitions too."""
    return window_of(context.run.tags)
