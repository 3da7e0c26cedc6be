"""When a distribution counts as changed."""

from __future__ import annotations

from health_pipeline.core.schemas.base import Frozen


class DriftRules(Frozen):
    """PSI with its sample-size null, and false-discovery control (R105, science.md "Drift").

    Attributes:
        min_accounts: both sides need as many, else "not enough evidence".
        alert_psi: practical size that an alert needs.
        alert_p: adjusted p that an alert needs.
        reference_days: the comparison month lies this many days before the report month's end.
    """

    min_accounts: int = 30
    alert_psi: float = 0.10
    alert_p: float = 0.05
    smoothing: float = 0.5
    reference_days: int = 30
