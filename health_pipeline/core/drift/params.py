"""When a distribution counts as changed."""

from __future__ import annotations

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen


class DriftRules(Frozen):
    """PSI with its sample-size null, and false-discovery control (R105, science.md "Drift").

    Attributes:
        min_accounts: both sides need as many, else "not enough evidence".
        alert_psi: practical size that an alert needs.
        alert_p: adjusted p that an alert needs.
        reference_days: the comparison month lies this many days before the report month's end.
    """

    min_accounts: int = Field(default=30, ge=1)
    alert_psi: float = Field(default=0.10, gt=0)
    alert_p: float = Field(default=0.05, gt=0, lt=1)
    smoothing: float = Field(default=0.5, gt=0)
    reference_days: int = Field(default=30, ge=1)
