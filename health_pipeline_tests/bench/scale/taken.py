"""Works of the generated world, each in a process of its own, taken in turns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from health_pipeline_tests.bench.machine import APART, VENV
from health_pipeline_tests.bench.measure import Spent, child, median
from health_pipeline_tests.bench.scale.sizes import THREADS, Scale

LIMITED = {"POLARS_MAX_THREADS": str(THREADS), "OMP_NUM_THREADS": str(THREADS)}
"""DuckDB and pyarrow are told in place."""

PANDAS = VENV / APART["pandas"]
"""Apart, because pandera loads it wherever it finds it."""


class ResultsDifferError(Exception):
    """Works that should give the same do not: their times mean nothing."""


@dataclass(frozen=True)
class Taken:
    """What a work took (medians), how often it was done, and a digest of each table it gave.

    CPU and wall seconds are of the work alone; the peak is that of its whole process.
    """

    spent: Spent
    times: int
    gave: Mapping[str, str]


Found = Mapping[str, Taken]


def in_turns(names: Sequence[str], times: int, one: Callable[[str], Taken]) -> dict[str, Taken]:
    """Each of `names` `times` times, in turns: A B C A B C …

    Raises:
        ResultsDifferError: a repetition gave something else.
    """
    rounds = [{name: one(name) for name in names} for _ in range(times)]
    return {name: together([turn[name] for turn in rounds], name) for name in names}


def together(repetitions: Sequence[Taken], name: str) -> Taken:
    """The medians of `repetitions`.

    Raises:
        ResultsDifferError: they did not all give the same.
    """
    gave = repetitions[0].gave
    if any(one.gave != gave for one in repetitions):
        raise ResultsDifferError(f"{name} gave {[dict(one.gave) for one in repetitions]}")
    return Taken(median([one.spent for one in repetitions]), len(repetitions), gave)


def same(found: Found, table: str, *names: str) -> None:
    """Check that all of `names` gave the same `table`.

    Raises:
        ResultsDifferError: they did not.
    """
    gave = {name: found[name].gave[table] for name in names}
    if len(set(gave.values())) > 1:
        raise ResultsDifferError(f"{table}: {gave}")


def take(folder: Path, scale: Scale) -> Callable[[str], Taken]:
    """Does the named work of `work.WORKS` once, in the world below `folder`."""

    def one(name: str) -> Taken:
        env = {**LIMITED, "PYTHONPATH": str(PANDAS)} if name == "pandas" else LIMITED
        told = child("-m", f"{__package__}.work", name, folder, scale.text(), env=env)
        return taken(json.loads(told.out))

    return one


def taken(told: Mapping[str, Any]) -> Taken:
    """What a process printed."""
    return Taken(Spent(told["cpu"], told["wall"], told["peak"]), 1, told["gave"])
