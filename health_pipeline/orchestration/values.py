"""Raw signal values of accounts and days: worked out from what is known, or as published."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.days import Past, day_views
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.publish import published
from health_pipeline.orchestration.usage import USAGE_WINDOWS
from health_pipeline.orchestration.window import Window, runs_of

STAGE = "signals"
"""Under which the progress of values is told."""


def measured(
    past: Past, people: pl.DataFrame, usage: pl.DataFrame, days: Sequence[date]
) -> pl.DataFrame:
    """`SIGNAL_VALUES` of `days`.

    Args:
        past: covers the days.
        people: `populations` of the days.
        usage: `OBSERVED` rows of the days.
        days: ascending.
    """
    views = tracked(STAGE, day_views(past, people, usage, days), len(days))
    found = [signal_values(view, past.model.signals) for view in views]
    return pl.concat([pl.DataFrame(schema=SIGNAL_VALUES), *found])


@dataclass(frozen=True)
class Values:
    """Values of the days that a run computes, and of published ones that it scores again.

    Attributes:
        stores: where population and usage windows of the days are published.
        window: covers the computed days.
        computed: days whose values are worked out; any other day keeps those of its `signals`.
    """

    stores: Stores
    window: Window
    computed: Collection[date]

    @cached_property
    def _past(self) -> Past:
        return Past.of(self.stores, self.window)

    def of(self, window: Window) -> pl.DataFrame:
        """`SIGNAL_VALUES` of the days of `window`."""
        anew = [day for day in window.days if day in self.computed]
        kept = [day for day in window.days if day not in self.computed]
        parts = [self._worked_out(run) for run in runs_of(anew)]
        return pl.concat([*parts, *(self._as_published(run) for run in runs_of(kept))])

    def on(self, day: date) -> pl.DataFrame:
        """`SIGNAL_VALUES` of one day."""
        return self.of(Window(day, day))

    def _worked_out(self, run: Window) -> pl.DataFrame:
        found = published(self.stores, run, "population", USAGE_WINDOWS)
        return measured(self._past, found["population"], found[USAGE_WINDOWS], run.days)

    def _as_published(self, run: Window) -> pl.DataFrame:
        return published(self.stores, run, "signals")["signals"].select(*SIGNAL_VALUES)
