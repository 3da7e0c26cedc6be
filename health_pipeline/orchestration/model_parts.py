"""What a version of the model is made of, part by part: a change touches what it is about."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.activity.feature_map import rolled_up_by
from health_pipeline.core.schemas.spec import SignalSpec

JUDGEMENT = "judgement"
"""The part that scores, tiers and states of drivers follow from."""

JUDGING = ("activity", "alerts", "churn", "identity", "scoring", "segments", "signals", "sources")
"""Sections of the model that can move them. Plays, words of narratives, channels, CRM fields and
what the score is held against cannot."""

USAGE = frozenset({"events", "usage_daily"})


def knots_of(signal: str) -> str:
    """The name of the part that the knots of a signal are."""
    return f"knots:{signal}"


def measure_of(signal: str) -> str:
    """The name of the part that the measuring of a signal is."""
    return f"measure:{signal}"


def knots_keys(model: HealthModel) -> dict[str, str]:
    """Part → hash of all that the knots of one signal depend on, for every signal.

    That is what it measures and is judged by, who is compared with whom, and for signals of usage
    what events mean. Weights, tiers and other signals are not among it.
    """
    rules = [
        rule.model_copy(update={"weights": {}, "knots": {}}) for rule in model.segments.segments
    ]
    segments = model.segments.model_copy(update={"segments": tuple(rules)})
    compared = segments.model_dump(mode="json")
    named = {"knots", "default_knots", "segment_knots"}
    return {
        knots_of(spec.name): _hash(
            [
                compared,
                _measured_by(model, spec),
                spec.model_dump(mode="json", include=named),
                spec.higher_is_better,
            ]
        )
        for spec in model.signals
    }


def _measured_by(model: HealthModel, spec: SignalSpec) -> list[Any]:
    told = spec.model_dump(mode="json", include={"name", "kind", "params"})
    return [told, rolled_up_by(model.activity) if USAGE & set(spec.reads) else None]


def measured_otherwise(
    model: HealthModel, now: Mapping[str, str], before: Mapping[str, str]
) -> list[str]:
    """Signals of `model` that two versions measure otherwise, by their parts where both tell."""
    parts = {spec.name: measure_of(spec.name) for spec in model.signals}
    return [
        name
        for name, part in parts.items()
        if part in now and part in before and now[part] != before[part]
    ]


def parts_of(model: HealthModel, knots: pl.DataFrame) -> dict[str, str]:
    """Part → key of the version that `model` and its baseline `knots` are."""
    judged = [model.section_fingerprint(*JUDGING), knots_text(knots)]
    measured = {measure_of(spec.name): _hash(_measured_by(model, spec)) for spec in model.signals}
    return {**knots_keys(model), **measured, JUDGEMENT: _hash(judged)}


def knots_text(baseline: pl.DataFrame) -> str:
    """A baseline as text, the version that it belongs to aside."""
    return baseline.drop("model_version", strict=False).sort("segment", "signal").write_csv()


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
