"""How a daily step goes over many days: chunk by chunk, each published before the next.

So a step holds at most `CHUNK_ROWS` values however long the range is, and a killed backfill goes on
after the last chunk that was published.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.backfills import done_through, note_done
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.on_call import check_failed
from health_pipeline.orchestration.plan import inputs_of, plan_of
from health_pipeline.orchestration.progress import Progress, part_of, report
from health_pipeline.orchestration.publish import (
    INTERNAL_DAILY,
    by_day,
    contract_check,
    described,
    failures_of,
    published,
)
from health_pipeline.orchestration.window import Window, run_tags, runs_of

CHUNK_DAYS = 31
"""A chunk has no more days than these."""

CHUNK_ROWS = 2_000_000
"""Accounts x days x signals of a chunk; scoring, the widest step, peaks at 0.45 KiB for each."""


def chunks(days: Sequence[date], rows_a_day: int) -> list[Window]:
    """Ascending `days` in windows without holes, of about `CHUNK_ROWS` rows each."""
    size = max(1, min(CHUNK_DAYS, CHUNK_ROWS // max(rows_a_day, 1)))
    return [
        Window(first, min(first + timedelta(days=size - 1), run.last))
        for run in runs_of(days)
        for first in run.days[::size]
    ]


def chunks_of(stores: Stores, days: Sequence[date], width: int | None = None) -> list[Window]:
    """`chunks` by the accounts that are known.

    Args:
        stores: the lake.
        days: ascending.
        width: rows of an account and day; None = one a signal of the model.
    """
    xref = stores.lake.frame("account_xref")
    accounts = 0 if xref is None else xref["account_id"].n_unique()
    return chunks(days, accounts * (width or len(stores.model.signals)))


class Walk:
    """The days that one step of a run has to do, and what it has published of them.

    Iterating gives chunks in order; the caller computes one and hands it to `publish`. A table that
    breaks its contract is not published, and the walk ends there.

    Attributes:
        plan: of the run.
        days: the days of this step.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        stores: Stores,
        step: str,
        *,
        rescores: bool,
        width: int | None = None,
        also: Sequence[date] = (),
        needs: Sequence[str] = (),
    ) -> None:
        """Plan `step`.

        `rescores`: it goes on through published days after the range. `width`: see `chunks_of`.
        `also`: published days that this step has to do again. `needs`: daily tables that it is
        worked out from.

        Raises:
            dg.Failure: a table that it needs is not published of a day of the run.
        """
        self._run_id, self._stores, self._step = context.run.run_id, stores, step
        self.plan = plan_of(stores, run_tags(context))
        _refuse_gaps(stores, needs, self.plan.days)
        later = self.plan.later if rescores else ()
        self.days = tuple(sorted({*self.plan.days, *later, *also}))
        self._scored, self._width = rescores, width
        self._failures: dict[str, list[str]] = {}
        self._shown: dict[str, pl.DataFrame] = {}

    def __iter__(self) -> Iterator[Window]:
        """The chunks that this backfill has not published before."""
        backfill, control = self.plan.backfill, self._stores.control
        if not self.days:
            return
        inputs = inputs_of(self._stores, self.days[-1], scored=self._scored) if backfill else ""
        through = done_through(control, backfill, self._step, inputs) if backfill else None
        rest = [day for day in self.days if through is None or day > through]
        total, done = len(self.days), len(self.days) - len(rest)
        report(Progress(self._step, done, total))
        for part in chunks_of(self._stores, rest, self._width):
            about = str(part)
            with part_of(Progress(self._step, done, total, about)):
                yield part
            if not self.is_sound:
                return
            if backfill:
                note_done(control, backfill, self._step, inputs, part.last)
            done += len(part.days)
            report(Progress(self._step, done, total, about))

    def publish(self, part: Window, frames: Mapping[str, pl.DataFrame]) -> None:
        """Check the tables of one chunk against their contracts and publish all of them at once."""
        shaped = {name: _shaped(name, frame) for name, frame in frames.items()}
        self._failures = failures_of(shaped)
        last = pl.col("date") == part.last
        self._shown = {name: frame.filter(last) for name, frame in shaped.items()}
        if not self.is_sound:
            if self.plan.backfill is None:
                for name, failures in self._failures.items():
                    check_failed(self._stores, part.last, name, failures)
            return
        writes = [w for name, frame in shaped.items() for w in by_day(name, frame, part.days)]
        self._stores.lake.publish(writes, run_id=self._run_id, at=House.now())

    @property
    def window(self) -> Window:
        """From the first to the last day of this step."""
        days = self.days or (self.plan.window.last,)
        return Window(days[0], days[-1])

    @property
    def is_sound(self) -> bool:
        """Every chunk kept its contracts."""
        return not any(self._failures.values())

    def last(self, name: str) -> pl.DataFrame:
        """Rows of the last day of this step, computed now or published before."""
        if name not in self._shown:
            day = self.days[-1] if self.days else self.plan.window.last
            self._shown[name] = published(self._stores, Window(day, day), name)[name]
        return self._shown[name]

    def results(
        self, *names: str, metadata: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Iterator[dg.MaterializeResult[Any]]:
        """What Dagster shows of each table; a run over many days describes its last one."""
        left = {"days_left_as_published": len(self.plan.left)} if self.plan.left else {}
        for name in names:
            checks = [contract_check(name, self._failures.get(name, []))]
            yield dg.MaterializeResult(
                asset_key=name,
                metadata=described(self.last(name), {**left, **(metadata or {}).get(name, {})}),
                check_results=checks if name in RESULT_TABLES else [],
            )


def _refuse_gaps(stores: Stores, tables: Sequence[str], days: Sequence[date]) -> None:
    """Who materialises one asset alone would get an empty table of a day that was never run."""
    for table in tables:
        known = set(stores.lake.days(table))
        absent = [str(day) for day in days if day not in known]
        if absent:
            raise dg.Failure(f"no {table} on {', '.join(absent)}; run the whole job")


def _shaped(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    if name in RESULT_TABLES:
        return RESULT_TABLES[name].conform(frame)
    return frame.select(pl.col(column).cast(t) for column, t in INTERNAL_DAILY[name].items())
