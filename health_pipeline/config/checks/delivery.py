"""Rules of alerts.yaml and delivery.yaml."""

from __future__ import annotations

from collections.abc import Iterator

from health_pipeline.config.checks.names import unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue

STATES = ("healthy", "watch", "risk", "unknown")
RECORD_TYPES = ("account", "renewal", "opportunity")


def driver_borders(draft: Draft) -> Iterator[Issue]:
    """A driver is healthy above the border from which it is watched."""
    alerts = draft.alerts
    if alerts.watch_from >= alerts.healthy_from:
        words = f"not below healthy_from ({alerts.healthy_from:g})"
        yield draft.issue("alerts", ("watch_from",), words, f"below {alerts.healthy_from:g}")


def told_states(draft: Draft) -> Iterator[Issue]:
    """Alerts tell of states that a driver can have."""
    for n, state in enumerate(draft.alerts.notify):
        yield from unknown(draft, "alerts", ("notify", n), state, STATES, "driver state")


def alert_channels(draft: Draft) -> Iterator[Issue]:
    """Alerts go to channels of delivery.yaml."""
    known = draft.names("delivery", "channels")
    for n, name in enumerate(draft.alerts.channels):
        yield from unknown(draft, "alerts", ("channels", n), name, known, "channel")


def channel_addresses(draft: Draft) -> Iterator[Issue]:
    """A webhook has one address, the console none."""
    for name, channel in draft.delivery.channels.items():
        path = ("channels", name)
        given = [key for key in ("url_env", "url_file") if getattr(channel, key) is not None]
        if channel.kind == "webhook" and len(given) != 1:
            words = "no address" if not given else "two addresses"
            yield draft.issue("delivery", path, words, "one of url_env, url_file")
        if channel.kind == "console":
            for key in (*given, *(["secret_env"] if channel.secret_env is not None else [])):
                yield draft.issue("delivery", (*path, key), "the console takes no such key")


def record_types(draft: Draft) -> Iterator[Issue]:
    """Health fields stand on records of the contract (R93)."""
    for n, kind in enumerate(draft.delivery.crm.record_types):
        path = ("crm", "record_types", n)
        yield from unknown(draft, "delivery", path, kind, RECORD_TYPES, "record type")
