"""The resolved description of usage: features, core value moments, windows."""

from __future__ import annotations

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen


class Feature(Frozen):
    """One product feature; its place in `ActivityRules.features` is its bit.

    Attributes:
        name: the feature as shown to people.
        match: values of `events.feature` that mean it (lower case).
        events: values of `events.event_name` that mean it (lower case).
        core: use of it is a value moment (R31).
        key: its adoption is watched by name (R32).
        plans: plans that include it; empty = every plan (not entitled is not "not used").
    """

    name: str
    match: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    core: bool = False
    key: bool = False
    plans: tuple[str, ...] = ()


class ActivityRules(Frozen):
    """How raw events become user-day activity.

    Attributes:
        features: at most 62, in bit order.
        core_events: further event names that are value moments without a feature.
        lookback_days: days of two copies of one event lie at most this far apart; copies of one
            day are recognised however late they arrive.
        first_valid_year: rows before 1 January of it are quarantined.
        delivered_share: a source with fewer than this share of its regular accounts active on a
            day did not deliver (contracts.md).
        holidays: days on which few active accounts are normal: 2026-12-25, or 12-25 of every year.
    """

    features: tuple[Feature, ...] = Field(default=(), max_length=62)
    core_events: tuple[str, ...] = ()
    lookback_days: int = Field(default=1, ge=0)
    first_valid_year: int = Field(default=2000, ge=1970, le=2100)
    delivered_share: float = Field(default=0.2, ge=0, le=1)
    holidays: tuple[str, ...] = ()
