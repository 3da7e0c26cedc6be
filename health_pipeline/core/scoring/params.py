"""The resolved scoring rules (scoring.yaml): groups, tiers, gates, holding."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen

Tier = Literal["green", "yellow", "red"]
TIER_ORDER: tuple[Tier, ...] = ("red", "yellow", "green")


class TierRule(Frozen):
    """A tier holds scores in the half-open range [low, high); the top one includes 100."""

    name: Tier
    low: float
    high: float
    words: str


class Gate(Frozen):
    """A condition on one signal that caps the tier (R72).

    Attributes:
        when: "risk" = subscore below 60; "above"/"below" compare the raw value with `value`
            (strictly). A gate whose signal is not measured does not fire.
        cap: best tier that remains when it fires.
        words: what the reader is told; `play`: the play that answers it.
    """

    name: str
    signal: str
    when: Literal["risk", "above", "below"]
    value: float | None = None
    cap: Tier
    words: str
    play: str


class CombinedGate(Frozen):
    """Caps the tier when at least `at_least` of the named gates' conditions fire."""

    name: str
    gates: tuple[str, ...]
    at_least: int
    cap: Tier
    words: str
    play: str


class ScoringRules(Frozen):
    """How subscores become a score and a tier.

    Attributes:
        groups: group → weight; the weights add up to 100 (R70).
        tiers: contiguous half-open ranges over 0–100.
        band: a tier is left only when the score is this many points past the border.
        big_fall: a fall of this many points against the highest score of `fall_days` acts at once.
        min_coverage: below it an account is `unscored`.
        expansion: part of the expansion index → the signals that it is the mean of (R55).
        views: who else judges an account → the signal that speaks for them; told where one of
            them calls healthy what another, or the score, calls at risk.
        outage_share: a source that is down for this share of the accounts freezes their tiers.
        outage_days: usage is down when its newest delivered day is older than so many days.
    """

    groups: dict[str, float]
    tiers: tuple[TierRule, ...]
    band: float = Field(default=2.0, ge=0, le=20)
    big_fall: float = Field(default=15.0, gt=0, le=100)
    fall_days: int = Field(default=7, ge=1)
    min_coverage: float = Field(default=0.6, ge=0, le=1)
    expansion: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    views: dict[str, str] = Field(default_factory=dict)
    outage_share: float = Field(default=0.2, gt=0, le=1)
    outage_days: int = Field(default=3, ge=1, le=30)
    gates: tuple[Gate, ...] = ()
    combined_gates: tuple[CombinedGate, ...] = ()
