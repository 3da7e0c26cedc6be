"""`health backfill`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from health_pipeline.cli import exits
from health_pipeline.cli.bars import whole_bars
from health_pipeline.cli.house import err, fail, out, require_sources
from health_pipeline.cli.run import report
from health_pipeline.orchestration.backfill import STEPS, Backfilled, run_backfill
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.window import runs_of


def backfill_command(house: House, first: date, last: date, *, restate: bool) -> int:
    """Backfill the range, show how far it is, and say what was done; returns the exit code."""
    require_sources(house)
    try:
        with whole_bars(err, "backfill", STEPS):
            found = run_backfill(house, first, last, restate=restate)
    except ValueError as error:
        raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None
    code = report(house, found.outcome, idle=_idle(found))
    if code == exits.FAILED:
        err.print("what was published stays; the same command goes on from there")
        return code
    for line in _told(found):
        out.print(line, highlight=False, soft_wrap=True)
    return code


def _told(found: Backfilled) -> list[str]:
    """What was filled, restated and left, in words."""
    lines = [
        ("Filled", found.filled),
        ("Restated", found.restated),
        ("Left as published (--restate computes them anew)", found.left),
    ]
    told = [f"{title}: {_days(days)}" for title, days in lines if days]
    if found.resumed:
        told.insert(0, "Went on from where an earlier backfill of these days was stopped.")
    if found.outcome.window:
        told.append("Nobody was told: a backfill queues no alert and writes no CRM export.")
    return told


def _days(days: Sequence[date]) -> str:
    ranges = ", ".join(str(run) for run in runs_of(days))
    return f"{len(days):,} day{'' if len(days) == 1 else 's'} ({ranges})"


def _idle(found: Backfilled) -> str | None:
    return "Every day of the range is published already." if found.left else None
