"""What the matchers of routes, inhibitions and silences may name."""

from __future__ import annotations

from collections.abc import Mapping

from health_pipeline.core.alerts.gates import NOTICE, TIER
from health_pipeline.core.alerts.routes import KINDS, SEVERITIES
from health_pipeline.core.scoring.params import ScoringRules
from health_pipeline.core.segments.params import SegmentRules

STATES = ("healthy", "watch", "risk", "unknown")
TIERS = ("green", "yellow", "red")


def known_values(
    segments: SegmentRules, scoring: ScoringRules, reason_codes: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """The fields whose values the model knows; plans and people are known to data alone.

    Args:
        segments: of the model.
        scoring: its gates are reasons too.
        reason_codes: of each signal.
    """
    gates = {one.name for one in scoring.gates} | {one.name for one in scoring.combined_gates}
    return {
        "kind": KINDS,
        "severity": SEVERITIES,
        "to_state": (*STATES, *TIERS),
        "tier": (*TIERS, "unscored"),
        "segment": (*(one.name for one in segments.segments), segments.default),
        "signal": (*sorted(reason_codes), TIER, NOTICE),
        "reason_code": (*sorted(gates.union(reason_codes.values())), NOTICE),
    }
