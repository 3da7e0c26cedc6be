"""Whether the days before were judged by another version of the model, and what it changed."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from health_pipeline.adapters.store.models import parts_of_version
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.model_parts import JUDGEMENT, measured_otherwise
from health_pipeline.orchestration.window import Window

KNOTS = ["segment", "signal", "k0", "k60", "k80", "k100"]


@dataclass(frozen=True, slots=True)
class ModelChange:
    """Another version of the model than lately.

    Attributes:
        last: the last day of the version before. version: the one of now.
        judges: whether rules or knots are others, so that states may change without a customer.
            Another version alone does not tell: a channel or a step of a play makes one.
        measured: signals of now whose raw value may be another for the same behaviour, by their
            kind, params, or what events mean.
        signals: those of now whose knots are others, or that are new; `all_signals`: all are.
    """

    last: date
    version: str
    judges: bool
    measured: tuple[str, ...]
    signals: tuple[str, ...]
    all_signals: bool


def model_change(stores: Stores, day: date, version: str) -> ModelChange | None:
    """How `version`, that of `day`, differs from what scored the last `confirm_days` days."""
    past = Window(day, day).before(stores.model.alerts.confirm_days)
    rows = stores.lake.scan("health_scores", past.first, past.last)
    if rows is None:
        return None
    found = rows.select("date", "model_version").unique().collect().sort("date")
    others = found.filter(pl.col("model_version") != version)
    if others.is_empty():
        return None
    now = parts_of_version(stores.control, version)
    before = [parts_of_version(stores.control, one) for one in others["model_version"].unique()]
    signals, every = _other_knots(stores, others["model_version"][-1], version)
    return ModelChange(
        last=others["date"][-1],
        version=version,
        judges=not now or any(one.get(JUDGEMENT) != now[JUDGEMENT] for one in before),
        measured=tuple(
            sorted({name for one in before for name in measured_otherwise(stores.model, now, one)})
        ),
        signals=signals,
        all_signals=every,
    )


def _other_knots(stores: Stores, before: str, now: str) -> tuple[tuple[str, ...], bool]:
    """Signals whose knots are others than they were, and whether those are all."""
    found = stores.lake.frame("baselines")
    stored = RESULT_TABLES["baselines"].empty() if found is None else found
    old, new = (stored.filter(pl.col("model_version") == one) for one in (before, now))
    names = new.join(old, on=KNOTS, how="anti")["signal"].unique().sort().to_list()
    return tuple(names), len(names) == new["signal"].n_unique()
