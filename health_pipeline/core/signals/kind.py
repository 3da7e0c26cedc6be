"""What a signal kind is, and how kinds are found: by their place in `kinds/`, nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.spec import Knots
from health_pipeline.core.signals import kinds as kinds_package

MEASURED, MISSING, NOT_APPLICABLE = "measured", "missing", "not_applicable"
STALE = "stale"
"""Given by `compute.py` from freshness; a kind answers it only for an age limit of its own."""

VALUE_COLUMNS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "value": pl.Float64(),
    "status": pl.String(),
    "observed_on": pl.Date(),
    "detail": pl.String(),
}
"""What `compute` returns: one row for each account of `view.accounts`, in any order, though theirs
is the quickest."""


class KindMeta(Frozen):
    """The words and habits of a kind (R56); a block of signals.yaml may override each of them.

    Sentences are `str.format` templates over `value`, `baseline`, `unit`, `observed_on`, `detail`.
    `leading` signals drive the score, lagging ones confirm it (R71). `default_knots` are the raw
    values that score 0, 60, 80, 100. `code_needs`, `code_otherwise`: see `SignalSpec`. `reads`: the
    source tables that a value comes from, the main one first: when one of them falls silent, what
    changes is not believed. None named: of this signal nothing is known.
    """

    unit: str
    higher_is_better: bool
    leading: bool
    default_knots: Knots
    ttl_days: float
    half_life_days: float
    discrete: bool
    hard: bool = False
    healthy_range: str
    risk_pattern: str
    kpi: str
    risk_sentence: str
    strength_sentence: str
    code_needs: tuple[str, ...] = ()
    code_otherwise: str = ""
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as found: its name is its file's name."""

    name: str
    params: type[Frozen]
    meta: KindMeta
    compute: Callable[[DayView, Any], pl.DataFrame]
    doc: str


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by name, read from the folder `kinds/`.

    Raises:
        AttributeError: a file there lacks `Params`, `META` or `compute`.
    """
    found: dict[str, Kind] = {}
    for info in sorted(pkgutil.iter_modules(kinds_package.__path__), key=lambda m: m.name):
        module = importlib.import_module(f"{kinds_package.__name__}.{info.name}")
        found[info.name] = Kind(
            info.name, module.Params, module.META, module.compute, (module.__doc__ or "").strip()
        )
    return found
