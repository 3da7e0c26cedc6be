"""Written shapes without an issue → the frozen model."""

from __future__ import annotations

import json

from health_pipeline.adapters.channels.kind import kinds as channel_kinds
from health_pipeline.adapters.channels.params import DeliveryConfig
from health_pipeline.config.draft import Draft
from health_pipeline.config.model import HealthModel
from health_pipeline.config.shapes import (
    WrittenDelivery,
    WrittenPlays,
    WrittenScoring,
    WrittenSignal,
)
from health_pipeline.core.overrides.params import Override
from health_pipeline.core.plays.params import Play, PlayBook
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.scoring.params import ScoringRules
from health_pipeline.core.segments.params import SegmentRules
from health_pipeline.core.signals.kind import kinds

_FROM_KIND = (
    "leading", "higher_is_better", "unit", "ttl_days", "half_life_days", "hard", "discrete",
    "risk_sentence", "strength_sentence", "healthy_range", "risk_pattern", "kpi",
)  # fmt: skip


def resolve(draft: Draft) -> HealthModel:
    """The model of a draft in which no rule found an error."""
    return HealthModel(
        churn=draft.churn,
        identity=draft.identity,
        activity=draft.activity,
        segments=SegmentRules(**dict(draft.segments)),
        signals=tuple(
            _signal(name, one, draft.segments) for name, one in sorted(draft.signals.items())
        ),
        scoring=_scoring(draft.scoring),
        explanation=draft.scoring.explanation,
        plays=_plays(draft.plays),
        alerts=draft.alerts,
        backtest=draft.learning.backtest,
        drift=draft.learning.drift,
        crm=draft.delivery.crm,
        sources=draft.sources,
        delivery=_delivery(draft.delivery),
        overrides=_overrides(draft),
    )


def _signal(name: str, written: WrittenSignal, segments: SegmentRules) -> SignalSpec:
    """One signal: what its block says, else what its kind says, and what segments set."""
    kind = kinds()[written.kind]
    said = {key: getattr(written, key) for key in _FROM_KIND}
    words = {key: getattr(kind.meta, key) if one is None else one for key, one in said.items()}
    literal = None if written.knots == "fit" else written.knots
    return SignalSpec(
        name=name,
        kind=written.kind,
        params=kind.params.model_validate_json(json.dumps(written.params), strict=True),
        group=written.group,
        weight=written.weight,
        knots=written.knots,
        default_knots=literal or written.default_knots or kind.meta.default_knots,
        reason_code=written.reason_code,
        play=written.play,
        reads=kind.meta.reads,
        code_needs=kind.meta.code_needs,
        code_otherwise=kind.meta.code_otherwise,
        actionable=words["leading"] if written.actionable is None else written.actionable,
        effort=written.effort,
        reachable=written.reachable,
        segment_weights={s.name: s.weights[name] for s in segments.segments if name in s.weights},
        segment_knots={s.name: s.knots[name] for s in segments.segments if name in s.knots},
        **words,
    )


def _delivery(written: WrittenDelivery) -> DeliveryConfig:
    channels = {
        name: channel_kinds()[block["kind"]].params.model_validate_json(
            json.dumps(block), strict=True
        )
        for name, block in written.channels.items()
    }
    return DeliveryConfig(channels=channels, allow_hosts=written.allow_hosts)


def _overrides(draft: Draft) -> tuple[Override, ...]:
    document = draft.document("overrides")
    return tuple(
        Override(**dict(block), line=document.line(("overrides", n)))
        for n, block in enumerate(draft.overrides.overrides)
    )


def _scoring(written: WrittenScoring) -> ScoringRules:
    return ScoringRules(**{k: v for k, v in dict(written).items() if k != "explanation"})


def _plays(written: WrittenPlays) -> PlayBook:
    plays = {name: Play(name=name, **dict(play)) for name, play in written.plays.items()}
    return PlayBook(**{**dict(written), "plays": plays})
