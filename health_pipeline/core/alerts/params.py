"""The resolved alert rules (alerts.yaml)."""

from __future__ import annotations

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen


class AlertRules(Frozen):
    """When a driver changes state, and which changes are told (R92).

    Attributes:
        healthy_from, watch_from: subscores at which a driver is healthy (80) and watch (60).
        band: points past a border before a driver leaves its state.
        confirm_days: distinct days of data that a continuous driver needs on the new side.
        reopen_days: a reopening within these days joins the same episode.
        max_age_hours: only transitions of the latest day, not older than this, are told.
        notify: (from, to) pairs are told when `to` is one of these states.
        channels: names of `adapters/channels` in delivery.yaml that receive them.
    """

    healthy_from: float = Field(default=80.0, ge=0, le=100)
    watch_from: float = Field(default=60.0, ge=0, le=100)
    band: float = Field(default=8.0, ge=0, le=50)
    confirm_days: int = Field(default=2, ge=1)
    reopen_days: int = Field(default=7, ge=0)
    max_age_hours: int = Field(default=36, ge=1)
    notify: tuple[str, ...] = ("risk",)
    channels: tuple[str, ...] = ("console",)
