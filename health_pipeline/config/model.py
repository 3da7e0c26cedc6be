"""The frozen health model: what a run is made of, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

from pydantic import Field

from health_pipeline.adapters.channels.params import DeliveryConfig
from health_pipeline.adapters.sources.params import SourcesConfig
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.calibration.params import BacktestRules
from health_pipeline.core.delivery.params import CrmRules
from health_pipeline.core.drift.params import DriftRules
from health_pipeline.core.explanation.params import ExplanationRules
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.overrides.params import Override
from health_pipeline.core.plays.params import PlayBook
from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.scoring.params import ScoringRules
from health_pipeline.core.segments.params import SegmentRules


class HealthModel(Frozen):
    """Everything that people decide, resolved: no name is looked up in YAML after this.

    `signals` are in the order of their names. `overrides` stand beside the score: the fingerprint
    leaves them out, so that a changed one makes no new version of the model.
    """

    churn: ChurnDefinition
    identity: IdentityRules
    activity: ActivityRules
    segments: SegmentRules
    signals: tuple[SignalSpec, ...]
    scoring: ScoringRules
    explanation: ExplanationRules
    plays: PlayBook
    alerts: AlertRules
    backtest: BacktestRules
    drift: DriftRules
    crm: CrmRules
    sources: SourcesConfig
    delivery: DeliveryConfig
    overrides: tuple[Override, ...] = Field(default=(), exclude=True)

    def fingerprint(self) -> str:
        """16 hex digits of what the model means; formatting, comments, key order do not count."""
        return self.section_fingerprint(*type(self).model_fields)

    def section_fingerprint(self, *names: str) -> str:
        """The fingerprint of some sections only, whatever the order in which they are named.

        Raises:
            ValueError: the model has no section of such a name.
        """
        strange = [name for name in names if name not in type(self).model_fields]
        if strange or not names:
            known = ", ".join(type(self).model_fields)
            raise ValueError(f"no section {', '.join(strange)} (allowed: {known})")
        sections = self.model_dump(include=set(names), by_alias=True)
        text = json.dumps(_canonical(sections), sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _canonical(value: Any) -> Any:
    """`value` for JSON: sets sorted, dates in ISO form."""
    if isinstance(value, dict):
        return {key: _canonical(one) for key, one in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(_canonical(one) for one in value)
    if isinstance(value, list | tuple):
        return [_canonical(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
