"""The written shapes: what each file of a model may hold.

Where people write exactly what is used, the resolved shape of core or adapters is the written one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from health_pipeline.adapters.sources.params import SourcesConfig
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.calibration.params import BacktestRules
from health_pipeline.core.delivery.params import CrmRules
from health_pipeline.core.drift.params import DriftRules
from health_pipeline.core.explanation.params import ExplanationRules
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.overrides.params import OverrideBlock
from health_pipeline.core.plays.params import PlayBlock, PlayRules
from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.spec import Knots
from health_pipeline.core.scoring.params import ScoringRules
from health_pipeline.core.segments.params import SegmentRules


def _knots_form(value: Any) -> str:
    return "word" if isinstance(value, str) else "numbers"


WrittenKnots = Annotated[
    Annotated[Knots, Tag("numbers")] | Annotated[Literal["fit"], Tag("word")],
    Discriminator(_knots_form),
]


class WrittenSignal(Frozen):
    """A block of signals.yaml; what is left out is taken from the kind (`SignalSpec`).

    `actionable` is what leads, if nothing is said: what only confirms follows from the rest.
    """

    kind: str
    params: dict[str, Any]
    group: str
    weight: float = Field(ge=0, le=100)
    knots: WrittenKnots
    reason_code: str
    play: str
    default_knots: Knots | None = None
    unit: str | None = None
    higher_is_better: bool | None = None
    leading: bool | None = None
    hard: bool | None = None
    discrete: bool | None = None
    ttl_days: float | None = Field(default=None, gt=0)
    half_life_days: float | None = Field(default=None, gt=0)
    risk_sentence: str | None = None
    strength_sentence: str | None = None
    healthy_range: str | None = None
    risk_pattern: str | None = None
    kpi: str | None = None
    actionable: bool | None = None
    effort: float = Field(default=1.0, gt=0)
    reachable: float = Field(default=100.0, gt=0, le=100)


class WrittenSegments(SegmentRules):
    """segments.yaml: the default segment has to be named."""

    default: str


class WrittenScoring(ScoringRules):
    """scoring.yaml: the rules of the score, and how much of it is told."""

    explanation: ExplanationRules = ExplanationRules()


class WrittenPlays(PlayRules):
    """plays.yaml: the key of each block is the play's name."""

    plays: dict[str, PlayBlock]


class WrittenDelivery(Frozen):
    """delivery.yaml: channels, each block as its kind takes it, and what the CRM shows."""

    channels: dict[str, dict[str, Any]]
    allow_hosts: tuple[str, ...] = ()
    crm: CrmRules = CrmRules()


class WrittenLearning(Frozen):
    """learning.yaml: how the score is held against what happened."""

    backtest: BacktestRules = BacktestRules()
    drift: DriftRules = DriftRules()


class WrittenOverrides(Frozen):
    """overrides.yaml: what people say beside the score."""

    overrides: tuple[OverrideBlock, ...] = ()


SHAPES: dict[str, type[Frozen]] = {
    "churn": ChurnDefinition,
    "identity": IdentityRules,
    "activity": ActivityRules,
    "segments": WrittenSegments,
    "scoring": WrittenScoring,
    "plays": WrittenPlays,
    "alerts": AlertRules,
    "sources": SourcesConfig,
    "delivery": WrittenDelivery,
    "learning": WrittenLearning,
    "overrides": WrittenOverrides,
}
"""File of the model → its shape; signals.yaml is one `WrittenSignal` for each key."""

FILES: tuple[str, ...] = (
    "churn", "identity", "activity", "segments", "signals", "scoring",
    "plays", "alerts", "sources", "delivery", "learning", "overrides",
)  # fmt: skip
"""Every file that a model has, in the order in which findings are told."""
