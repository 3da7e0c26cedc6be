"""Processes to kill: started past their imports, killed at a moment of the test's choice."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from health_pipeline_tests.end_to_end.shell import Place

READY = "ready\n"
"""What a process prints, alone on a line, once what follows is worth a kill."""


def started(code: str, *arguments: object, **given: Any) -> subprocess.Popen[str]:
    """A Python of its own that runs `code`, which has printed `READY`; `given` as for `Popen`."""
    process = begun(code, *arguments, **given)
    wait_until_ready(process)
    return process


def begun(code: str, *arguments: object, **given: Any) -> subprocess.Popen[str]:
    """The same, without waiting for it."""
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **given)


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    if process.stdout.readline() != READY:
        pytest.fail(f"{process.communicate()[1] or 'ended'} before it was ready")


def kill(process: subprocess.Popen[str]) -> None:
    """Kill it and take in the rest of what it said."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


class Killed:
    """A command of `health` over one place, killed as often as one likes.

    `code` prints `READY` and runs the command line that it is given.
    """

    def __init__(self, place: Place, code: str, command: str, *days: object) -> None:
        self.place, self.code = place, code
        self.arguments = (command, "--sources", place.sources, "--lake", place.lake, *days)

    def start(self) -> subprocess.Popen[str]:
        return started(self.code, *self.arguments, stderr=subprocess.PIPE)

    def finish(self) -> tuple[str, str]:
        """Run it undisturbed; what it said and what it logged."""
        process = self.start()
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        return out, err

    def kill_when(self, reached: Callable[[], bool], later: float = 0.0) -> None:
        """Start it and kill it `later` seconds after `reached`, or after its own end."""
        process = self.start()
        while process.poll() is None and not reached():
            time.sleep(0.02)
        time.sleep(later)
        kill(process)

    def kill_after(self, publishes: int, chance: random.Random, latest: float) -> None:
        """Kill it after so many publishes, and at most `latest` seconds more."""
        wanted = self.published() + publishes
        self.kill_when(lambda: self.published() >= wanted, chance.uniform(0.0, latest))

    def published(self) -> int:
        """How many publishes are still visible."""
        return self.count("SELECT count(DISTINCT published_at) FROM manifest")

    def count(self, query: str) -> int:
        """The one number that `query` gives; 0 before there is anything to ask."""
        if not (self.place.home / "control.db").exists():
            return 0
        try:
            return self.place.control(query)[0][0]
        except sqlite3.OperationalError:  # the very first run has no tables yet
            return 0
