"""The baseline in force: fitted on the first run, stored, changed by an explicit refit.

A change of the model fits anew what it is about: one signal, or all where segments change.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.models import (
    ModelVersion,
    newest_with_part,
    parts_of_version,
    remember_version,
    version_for,
)
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.config.model import HealthModel
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.model_parts import (
    knots_keys,
    knots_of,
    knots_text,
    parts_of,
)
from health_pipeline.orchestration.publish import published
from health_pipeline.orchestration.window import Window

ValuesOn = Callable[[date], pl.DataFrame]
"""Gives `frames.SIGNAL_VALUES` of a day."""

SETTLED_SHARE = 0.9
"""A day can be fitted on when it has this share of the measured values of the range's last day."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Knots and references (`RESULT_TABLES["baselines"]`) of one model version.

    Without any account there is nothing to fit: no knots, `fitted_through` None, nothing stored.
    """

    frame: pl.DataFrame
    model_version: str
    fitted_through: date | None
    is_new: bool


def baseline_key(model: HealthModel) -> str:
    """Hash of all that knots of any signal depend on, as earlier releases noted it."""
    unweighted = [rule.model_copy(update={"weights": {}}) for rule in model.segments.segments]
    segments = model.segments.model_copy(update={"segments": tuple(unweighted)})
    parts: dict[str, Any] = {
        "segments": segments.model_dump(mode="json"),
        "activity": model.activity.model_dump(mode="json"),
        "signals": [
            {
                **spec.model_dump(
                    mode="json",
                    include={"name", "kind", "params", "knots", "default_knots"},
                ),
                "higher_is_better": spec.higher_is_better,
            }
            for spec in model.signals
        ],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def fit_day(model: HealthModel, values_on: ValuesOn, days: Sequence[date]) -> date | None:
    """The earliest of `days` on which the fitted signals are about as complete as on the last one.

    The first day of a history is a poor norm (nothing has been used for 30 days yet), the last day
    would judge the days before it by what came after. None when no account has values on any day.
    """
    fitted = [spec.name for spec in model.signals if spec.knots == "fit"]
    last = next((day for day in reversed(days) if values_on(day).height), None)
    if last is None:
        return None
    enough = SETTLED_SHARE * _measured(values_on(last), fitted)
    for day in days:
        values = values_on(day)
        if values.height and _measured(values, fitted) >= enough:
            return day
    return last


def _measured(values: pl.DataFrame, fitted: list[str]) -> int:
    """Measured values of the fitted signals on one day."""
    is_fitted = pl.col("signal").is_in(fitted)
    return values.filter((pl.col("status") == "measured") & is_fitted).height


def ensure_baseline(
    stores: Stores,
    days: Sequence[date],
    values_on: ValuesOn,
    *,
    run_id: str,
    refit: bool = False,
) -> Baseline:
    """The baseline of this model: what is stored of it, and what is fitted now and stored.

    A stored one judges every day, earlier ones than it was fitted on too: knots that followed the
    days would let the same behaviour score differently.

    Args:
        stores: where it is kept, and where segments are published.
        days: of the run, ascending; one of them is fitted on.
        values_on: asked only where a baseline has to be fitted.
        run_id: of the run that may publish it.
        refit: fit anew although one is stored.
    """
    model = stores.model
    stored = _frame(stores)
    kept = stored.clear() if refit else _kept(stores, stored)
    missing = [spec for spec in model.signals if spec.name not in set(kept["signal"])]
    rows = kept.drop("model_version")
    if missing:
        day = fit_day(model, values_on, days)
        if day is None:
            none = RESULT_TABLES["baselines"].empty()
            return Baseline(none, version_of(model, none), None, is_new=False)
        segments = published(stores, Window(day, day), "segments")["segments"]
        fitted = fit_baseline(values_on(day), segments, missing, model.segments, day)
        rows = pl.concat([rows, fitted], how="vertical_relaxed").sort("segment", "signal")
    version = version_of(model, rows)
    if not missing and parts_of_version(stores.control, version):
        return _baseline(stored, version, is_new=False)
    return _baseline(_store(stores, stored, rows, run_id), version, is_new=bool(missing))


def _kept(stores: Stores, stored: pl.DataFrame) -> pl.DataFrame:
    """Of `stored` the rows of signals whose knots depend on nothing that changed since their fit.

    Were all knots fitted anew for the sake of one signal, every score would move by it, and a
    decline of the whole company would become what is normal.
    """
    model = stores.model
    whole = baseline_key(model)
    # Versions of earlier releases have no parts: theirs are kept where nothing at all changed.
    former = version_for(
        stores.control, fingerprint=model.fingerprint(), baseline_key=whole
    ) or version_for(stores.control, baseline_key=whole)
    newest, otherwise = newest_with_part(stores.control), former and former.model_version
    keys = knots_keys(model)
    chosen = [
        (spec.name, newest.get((part, keys[part]), otherwise))
        for spec in model.signals
        for part in (knots_of(spec.name),)
    ]
    schema = {"signal": pl.String(), "model_version": pl.String()}
    wanted = pl.DataFrame(chosen, schema=schema, orient="row")
    return stored.join(wanted, on=["signal", "model_version"], how="semi")


def version_of(model: HealthModel, baseline: pl.DataFrame) -> str:
    """`model_version`: hash of resolved model and baseline (contracts.md)."""
    content = f"{model.fingerprint()}\n{knots_text(baseline)}"
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _frame(stores: Stores) -> pl.DataFrame:
    found = stores.lake.frame("baselines")
    return RESULT_TABLES["baselines"].empty() if found is None else found


def _baseline(stored: pl.DataFrame, version: str, *, is_new: bool) -> Baseline:
    rows = stored.filter(pl.col("model_version") == version)
    return Baseline(rows, version, _fitted_through(rows), is_new)


def _fitted_through(rows: pl.DataFrame) -> date:
    last: date = rows["fitted_through"].max()  # type: ignore[assignment]
    return last


def _store(stores: Stores, stored: pl.DataFrame, rows: pl.DataFrame, run_id: str) -> pl.DataFrame:
    """Publish `rows` as the version in force; all that is stored then."""
    model, version = stores.model, version_of(stores.model, rows)
    table = RESULT_TABLES["baselines"]
    named = rows.with_columns(pl.lit(version).alias("model_version")).select(*table.columns)
    others = stored.filter(pl.col("model_version") != version)
    whole = table.conform(pl.concat([others, named], how="vertical_relaxed"))
    now = House.now()
    stores.lake.publish([Write("baselines", None, whole)], run_id=run_id, at=now)
    known = ModelVersion(
        version,
        model.fingerprint(),
        baseline_key(model),
        _fitted_through(named).isoformat(),
        now.isoformat(),
    )
    with transaction(stores.control):
        remember_version(stores.control, known, parts_of(model, rows))
    return whole
