"""The configured channels, opened: which are ready to receive, and why others are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from health_pipeline.adapters.channels.kind import Kind, kinds
from health_pipeline.adapters.channels.params import ChannelParams, DeliveryConfig
from health_pipeline.adapters.channels.result import SendResult
from health_pipeline.core.schemas.messages import Message

__all__ = ["Channel", "Channels", "SendResult", "open_channels"]


@dataclass(frozen=True, slots=True)
class Channel:
    """A place that is ready to receive.

    Attributes:
        name: in delivery.yaml.
        send: `send(message, key, now, again)`.
        deadline_seconds: an attempt that takes longer is given up.
        per_second: how many attempts may begin in a second.
        dedupes: the receiver drops what it has seen.
    """

    name: str
    send: Callable[[Message, str, datetime, bool], SendResult]
    deadline_seconds: float
    per_second: float = 1_000.0
    dedupes: bool = False


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels by name that are ready, and for the others the reason why not."""

    ready: dict[str, Channel]
    not_configured: dict[str, str]


def open_channels(config: DeliveryConfig, names: Iterable[str]) -> Channels:
    """The channels called `names`; each kind is a file in `kinds/`."""
    ready: dict[str, Channel] = {}
    not_configured: dict[str, str] = {}
    for name in names:
        if name not in config.channels:
            known = ", ".join(sorted(config.channels)) or "none"
            not_configured[name] = f"delivery.yaml has no channel {name}; it has {known}"
            continue
        params = config.channels[name]
        kind = kinds()[params.kind]
        hosts = (*kind.hosts, *config.allow_hosts, *params.allow_hosts)
        settings = params.model_copy(update={"allow_hosts": hosts})
        reason = kind.missing(settings)
        if reason:
            not_configured[name] = reason
        else:
            ready[name] = _channel(name, kind, settings)
    return Channels(ready, not_configured)


def _channel(name: str, kind: Kind, settings: ChannelParams) -> Channel:
    def send(message: Message, key: str, now: datetime, again: bool) -> SendResult:
        return kind.send(message, settings, key, now, again)

    return Channel(name, send, settings.timeout_seconds, settings.per_second, kind.dedupes)
