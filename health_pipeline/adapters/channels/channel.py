"""What a channel is, and how the configured ones are found: by the file of their kind."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from health_pipeline.adapters.channels.params import DeliveryConfig

Message = Mapping[str, Any]
"""One row of `RESULT_TABLES["alerts"]`, times as text."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """How one attempt went.

    Attributes:
        ok: the receiver has taken the message.
        status_code: of HTTP, null where there was no answer.
        retry_after: seconds that the receiver asked to wait.
        error: why it failed; never holds an address or a secret.
        final: no attempt will ever succeed.
    """

    ok: bool
    status_code: int | None = None
    retry_after: float | None = None
    error: str | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A place that is ready to receive: `send(message, key, now)`, done within the deadline."""

    name: str
    send: Callable[[Message, str, datetime], SendResult]
    deadline_seconds: float


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels by name that are ready, and for the others the reason why not."""

    ready: dict[str, Channel]
    not_configured: dict[str, str]


def open_channels(config: DeliveryConfig, names: Iterable[str]) -> Channels:
    """The channels called `names`; each kind is a file in this folder.

    A kind's file has `missing(config) -> reason or None` and `send(message, config, key, now)`.
    """
    ready: dict[str, Channel] = {}
    not_configured: dict[str, str] = {}
    for name in names:
        if name not in config.channels:
            known = ", ".join(sorted(config.channels)) or "none"
            not_configured[name] = f"delivery.yaml has no channel {name}; it has {known}"
            continue
        settings = config.channels[name]
        kind = importlib.import_module(f"{__package__}.{settings.kind}")
        reason = kind.missing(settings)
        if reason:
            not_configured[name] = reason
            continue
        send = partial(_send, kind.send, settings)
        ready[name] = Channel(name, send, settings.timeout_seconds)
    return Channels(ready, not_configured)


def _send(
    send: Callable[..., SendResult], settings: object, message: Message, key: str, now: datetime
) -> SendResult:
    return send(message, settings, key, now)
