"""A signal as the model resolves it: which kind, how it is judged, what it says and starts."""

from __future__ import annotations

from typing import Literal

from pydantic import SerializeAsAny

from health_pipeline.core.schemas.base import Frozen

Knots = tuple[float, float, float, float]
"""Raw values that score 0, 60, 80 and 100; descending when lower is better."""

RISK_BELOW, HEALTHY_FROM = 60.0, 80.0
"""Subscores below the first are risk, from the second on healthy, between them watch."""


class SignalSpec(Frozen):
    """One block of signals.yaml, resolved against its kind (R56).

    Attributes:
        name: unique, snake_case; `kind`: file of `core/signals/kinds/`.
        params: the kind's own frozen Params.
        group, weight: the score group and its share of 100 points.
        segment_weights, segment_knots: what segments set for themselves (segments.yaml).
        leading: leading signals drive, lagging ones confirm (R71).
        higher_is_better: direction of the raw value.
        knots: four literal values, or "fit" (segment quantiles).
        default_knots: used where "fit" has too few accounts.
        unit: of the raw value ("%", "days", "tickets", …).
        ttl_days, half_life_days: freshness decay of science.md.
        hard: entering risk acts at once on the held tier.
        reason_code, risk_sentence, strength_sentence: vocabulary of explanations; sentences are
            `str.format` templates over value, baseline, unit, observed_on, detail, days.
        code_needs, code_otherwise: `reason_code` claims more than a low subscore: it is used only
            where the detail starts with one of `code_needs`, or none is named; else
            `code_otherwise` is.
        healthy_range, risk_pattern, kpi: the written contract of the signal (R56).
        play: the play that its risk starts.
        reads: the source tables that a value comes from.
        discrete: a discrete driver confirms on one day, a continuous one on two.
        actionable: whether somebody can lift it directly; `effort`: of one point of subscore,
            against other signals; `reachable`: subscore that can be reached.
    """

    name: str
    kind: str
    params: SerializeAsAny[Frozen]
    group: str
    weight: float
    leading: bool
    higher_is_better: bool
    knots: Knots | Literal["fit"]
    default_knots: Knots
    unit: str
    ttl_days: float
    half_life_days: float
    hard: bool
    discrete: bool
    reason_code: str
    risk_sentence: str
    strength_sentence: str
    code_needs: tuple[str, ...] = ()
    code_otherwise: str = ""
    healthy_range: str
    risk_pattern: str
    kpi: str
    play: str
    actionable: bool = True
    effort: float = 1.0
    reachable: float = 100.0
    reads: tuple[str, ...] = ()
    segment_weights: dict[str, float] = {}
    segment_knots: dict[str, Knots] = {}

    def within(self, segment: str | None) -> SignalSpec:
        """This signal as `segment` weighs and judges it (R61)."""
        own: dict[str, object] = {}
        if segment in self.segment_weights:
            own["weight"] = self.segment_weights[segment]
        if segment in self.segment_knots:
            own["knots"] = self.segment_knots[segment]
        return self.model_copy(update=own) if own else self
