"""What a kind of channel is, and how kinds are found: by their place in `kinds/`, nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from health_pipeline.adapters.channels import kinds as kinds_package
from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.adapters.channels.result import SendResult
from health_pipeline.core.schemas.messages import Message

Send = Callable[[Message, Any, str, datetime, bool], SendResult]
"""`send(message, config, key, now, again)`: `key` names the message on every attempt, `now` is the
time of this one, `again` says that an earlier one may have arrived."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as found: its name is its file's name.

    Attributes:
        params: what a block of delivery.yaml may say.
        missing: why a configured channel is not ready, None when it is.
        send: one attempt.
        dedupes: the receiver drops a message that it has seen, so that a repeat does no harm.
        hosts: what it may reach without being allowed to: the provider's own hosts.
        doc: what the file says of itself.
    """

    name: str
    params: type[ChannelParams]
    missing: Callable[[Any], str | None]
    send: Send
    dedupes: bool
    hosts: tuple[str, ...]
    doc: str


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by name, read from the folder `kinds/`.

    Raises:
        AttributeError: a file there lacks `Params`, `DEDUPES`, `missing` or `send`.
    """
    found: dict[str, Kind] = {}
    for info in sorted(pkgutil.iter_modules(kinds_package.__path__), key=lambda m: m.name):
        module = importlib.import_module(f"{kinds_package.__name__}.{info.name}")
        found[info.name] = Kind(
            info.name,
            module.Params,
            module.missing,
            module.send,
            module.DEDUPES,
            getattr(module, "HOSTS", ()),
            (module.__doc__ or "").strip(),
        )
    return found
