"""How many reasons are told, and from which size on."""

from __future__ import annotations

from health_pipeline.core.schemas.base import Frozen


class ExplanationRules(Frozen):
    """Up to `max_reasons` drivers with |points against reference| ≥ `min_points` (R80)."""

    max_reasons: int = 4
    min_points: float = 1.0
