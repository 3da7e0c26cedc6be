"""How progress looks: bars on a terminal, lines or nothing where there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from health_pipeline.orchestration.progress import Progress, listening


@dataclass
class Whole:
    """How far all stages together are: stage → share of the time, and how much of it is done."""

    shares: Mapping[str, int]
    done: dict[str, float] = field(default_factory=dict)

    def after(self, progress: Progress) -> float:
        """Part of the whole that is done, 0 to 1."""
        if progress.stage in self.shares:
            self.done[progress.stage] = progress.done / max(progress.total, 1)
        total = sum(self.shares.values())
        return sum(self.shares[stage] * part for stage, part in self.done.items()) / total


@contextmanager
def stage_bars(console: Console) -> Iterator[None]:
    """A bar for each stage of what runs inside."""
    with _bars(console) as shown, listening(_Stages(shown)):
        yield


@contextmanager
def whole_bars(console: Console, title: str, shares: Mapping[str, int]) -> Iterator[None]:
    """A bar for the whole and one for each stage; lines where there is no terminal."""
    whole = Whole(shares)
    if not console.is_terminal:
        with listening(_Lines(console, whole)):
            yield
        return
    with _bars(console) as shown:
        task, stages = shown.add_task(title, total=100, about=""), _Stages(shown)

        def show(progress: Progress) -> None:
            stages(progress)
            shown.update(task, completed=round(100 * whole.after(progress)))

        with listening(show):
            yield


def _bars(console: Console) -> Bars:
    return Bars(
        SpinnerColumn(),
        TextColumn("{task.description:<13}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[about]}"),
        console=console,
        transient=not console.is_terminal,
    )


class _Stages:
    """Listener: one bar a stage."""

    def __init__(self, shown: Bars) -> None:
        self._shown = shown
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._shown.add_task(progress.stage, about="")
        self._shown.update(
            self._tasks[progress.stage],
            completed=progress.done,
            total=progress.total,
            about=progress.about,
        )


class _Lines:
    """Listener: one line as each chunk begins, for logs."""

    def __init__(self, console: Console, whole: Whole) -> None:
        self._console, self._whole = console, whole
        self._begun, self._last = time.monotonic(), ("", "")

    def __call__(self, progress: Progress) -> None:
        part = self._whole.after(progress)
        chunk = (progress.stage, progress.about)
        if not progress.about or chunk == self._last:
            return
        self._last, spent = chunk, time.monotonic() - self._begun
        left = f", about {spent * (1 - part) / part:,.0f} s left" if part else ""
        self._console.print(
            f"{part:4.0%}  {progress.stage}: {progress.done} of {progress.total} days done, "
            f"now {progress.about}{left}",
            highlight=False,
        )
