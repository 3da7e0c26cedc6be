"""The churn definition: the one event that the score predicts (R10–R14)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen

CHURN_KINDS = ("logo_loss", "non_renewal", "contraction")


class ColumnMatch(Frozen):
    """A row matches when its `column` (text) equals one of `values`, ignoring case."""

    column: str
    values: tuple[str, ...]


class ChurnDefinition(Frozen):
    """What counts as churn, for whom, and how far ahead.

    Attributes:
        entity: whom the score is about.
        horizon_days: an event on (t, t + horizon] counts.
        events: which kinds of `outcomes` count (subset of `CHURN_KINDS`).
        contraction_pct: a contraction counts when ARR falls by at least this share, 0–100.
        counterweights: outcome kinds that are successes and mute needless alarms.
        grace_days: an ended term is a churn only if no new one starts within these days.
        currency: ISO code of the money columns; rows of another currency are reported.
        exclude: accounts that match any rule stand in no tier share, ARR or metric.
    """

    entity: Literal["account", "user"] = "account"
    horizon_days: Literal[30, 60, 90] = 90
    events: tuple[Literal["logo_loss", "non_renewal", "contraction"], ...] = (
        "logo_loss",
        "non_renewal",
    )
    contraction_pct: float = Field(default=30.0, ge=0, le=100)
    counterweights: tuple[Literal["expansion", "multi_year_renewal"], ...] = (
        "expansion",
        "multi_year_renewal",
    )
    grace_days: int = Field(default=30, ge=0)
    currency: str = "USD"
    exclude: tuple[ColumnMatch, ...] = ()
