"""What leaves for the CRM."""

from __future__ import annotations

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen


class CrmRules(Frozen):
    """Which records carry the health fields, and how many reason codes they show (R93)."""

    record_types: tuple[str, ...] = ("account", "renewal", "opportunity")
    reason_codes: int = Field(default=4, ge=1)
