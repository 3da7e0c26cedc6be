"""The resolved alert rules (alerts.yaml)."""

from __future__ import annotations

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

    healthy_from: float = 80.0
    watch_from: float = 60.0
    band: float = 8.0
    confirm_days: int = 2
    reopen_days: int = 7
    max_age_hours: int = 36
    notify: tuple[str, ...] = ("risk",)
    channels: tuple[str, ...] = ("console",)
