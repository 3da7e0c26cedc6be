"""How many reasons are told, and from which size on."""

from __future__ import annotations

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen


class ExplanationRules(Frozen):
    """Up to `max_reasons` drivers with |points against reference| ≥ `min_points` (R80)."""

    max_reasons: int = Field(default=4, ge=1)
    min_points: float = Field(default=1.0, ge=0)
