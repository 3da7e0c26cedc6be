"""The sample as it was handed in on one day and on the next, and a home for its results."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from health_pipeline_tests.bench.measure import CLI, Spent, child

END = date(2025, 6, 30)
"""Last day of the data."""

RANGE = 91
"""Days of a first run that is not told any: the last one and the 90 before it."""

BEFORE = END - timedelta(days=1)
SETTINGS = Path(__file__).parents[2] / "health_pipeline/orchestration/dagster.yaml"


@dataclass(frozen=True)
class World:
    """Folders of one measured world, below `folder`.

    Attributes:
        folder: holds all of it.
        days: days of the first run; None as `health run` chooses them.
    """

    folder: Path
    days: int | None = None

    @property
    def today(self) -> Path:
        """Exports that reach END."""
        return self.folder / "sources"

    @property
    def yesterday(self) -> Path:
        """The same exports a day earlier.

        Every file is shorter, so on the next day every file is read anew, as with full exports.
        """
        return self.folder / "earlier"

    @property
    def home(self) -> Path:
        """Lake, control.db and Dagster's own folder."""
        return self.folder / "home"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    def generate(self, accounts: int, months: int) -> None:
        """Write both folders of exports."""
        size = ("--accounts", str(accounts), "--months", str(months))
        child(*CLI, "sample", "--out", self.today, "--end", END.isoformat(), *size)
        child("-m", "health_pipeline_tests.bench.exports", self.today, self.yesterday, str(END))

    def empty(self) -> None:
        """A home in which nothing has run, with Dagster's folder as `make` sets it up."""
        shutil.rmtree(self.home, ignore_errors=True)
        (self.home / "dagster").mkdir(parents=True)
        shutil.copy(SETTINGS, self.home / "dagster")

    def keep(self) -> None:
        """Remember the home as it is now."""
        shutil.rmtree(self.folder / "kept", ignore_errors=True)
        shutil.copytree(self.home, self.folder / "kept")

    def restore(self) -> None:
        """The home as it was kept, in the same place."""
        shutil.rmtree(self.home)
        shutil.copytree(self.folder / "kept", self.home)

    def first_run(self) -> Spent:
        """`health run` over the exports of the day before END, in an empty home."""
        self.empty()
        first = BEFORE - timedelta(days=self.days - 1) if self.days else None
        return self._run(self.yesterday, *(("--from", str(first)) if first else ()))

    def daily_run(self, *, recorded: bool = True) -> Spent:
        """`health run` over the exports of END, after the first run."""
        self.restore()
        return self._run(self.today, recorded=recorded)

    def bare_day(self) -> Spent:
        """The computation of `daily_run` alone; the process's own start is not in its figures."""
        self.restore()
        told = child("-m", f"{__package__}.computation", self.today, self.lake, str(END))
        stages = json.loads(told.out).values()
        cpu, wall = (sum(stage[n] for stage in stages) for n in (0, 1))
        return Spent(cpu, wall, told.peak, told.out)

    def first_run_by_step(self) -> dict[str, tuple[float, float]]:
        """CPU and wall seconds of each step of `first_run`."""
        self.empty()
        first = BEFORE - timedelta(days=(self.days or RANGE) - 1)
        told = child(
            *("-m", f"{__package__}.stages", self.yesterday, self.lake, str(first), str(BEFORE)),
            env={"DAGSTER_HOME": self.home / "dagster"},
        )
        found: dict[str, tuple[float, float]] = json.loads(told.out)
        return found

    def _run(self, sources: Path, *days: str, recorded: bool = True) -> Spent:
        env: dict[str, str | Path] = {"DAGSTER_HOME": self.home / "dagster"} if recorded else {}
        return child(*CLI, "run", "--sources", sources, "--lake", self.lake, *days, env=env)
