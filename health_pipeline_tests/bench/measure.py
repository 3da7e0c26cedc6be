"""How time and memory are taken: of a child process, and of a piece of work inside one."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""Unit in which the system reports the peak memory of a child."""

CLI = ("-c", "from health_pipeline.cli import main; main()")
"""What the command `health` runs."""


@dataclass(frozen=True)
class Spent:
    """CPU and wall seconds, peak memory in MB (0 where it was not taken), and what was printed."""

    cpu: float
    wall: float
    peak: float = 0.0
    out: str = ""


def child(*arguments: str | Path, env: Mapping[str, str | Path] | None = None) -> Spent:
    """Run this interpreter with `arguments` and give what it took, its own start included.

    The peak of a child is never below that of its parent at the start, so the parent must be small:
    the modules that start children import neither polars nor the product.

    Raises:
        RuntimeError: it failed; the message holds what it said.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HEALTH_", "DAGSTER"))}
    clean |= {"DAGSTER_DISABLE_TELEMETRY": "1"} | {k: str(v) for k, v in (env or {}).items()}
    command = [sys.executable, *map(str, arguments)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=clean)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)}: {err.read().decode()[-2000:]}")
        peak = usage.ru_maxrss * KILOBYTE / 2**20
        return Spent(usage.ru_utime + usage.ru_stime, wall, peak, out.read().decode())


@contextmanager
def clock(record: Callable[[Spent], None]) -> Iterator[None]:
    """Hand to `record` what the work inside took, all threads of this process included."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    record(Spent(time.process_time() - cpu, time.perf_counter() - wall))


def in_turns(times: int, *works: Callable[[], Spent]) -> list[Spent]:
    """Each of `works` done `times` times, one after the other in turns; the medians of each."""
    found: list[list[Spent]] = [[] for _ in works]
    for _ in range(times):
        for place, work in zip(found, works, strict=True):
            place.append(work())
    return [median(spent) for spent in found]


def median(spent: Sequence[Spent]) -> Spent:
    """Median of CPU, of wall time and of peak, each for itself."""
    return Spent(
        statistics.median(one.cpu for one in spent),
        statistics.median(one.wall for one in spent),
        statistics.median(one.peak for one in spent),
    )
