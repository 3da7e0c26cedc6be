"""Messages as lines on the terminal; always ready."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.adapters.channels.result import SendResult
from health_pipeline.adapters.channels.wording import text
from health_pipeline.core.schemas.messages import Message

DEDUPES = False


class Params(ChannelParams):
    """The console needs nothing."""

    kind: Literal["console"] = "console"
    per_second: float = 10_000.0


def missing(config: Params) -> str | None:
    """Why the channel is not ready: never."""
    del config
    return None


def send(
    message: Message,
    config: Params,
    key: str,
    now: datetime,
    again: bool,
    write: Callable[[str], object] | None = None,
) -> SendResult:
    """Write the message by `write` (default: standard output): its headline, the rest indented."""
    del config, now
    (write or sys.stdout.write)(rendered(message, key, again=again))
    return SendResult(ok=True)


def rendered(message: Message, key: str, *, again: bool = False) -> str:
    """The lines of a message, the last of them with its key."""
    first, *rest = text(message, again=again).splitlines()
    return "".join(f"{line}\n" for line in (first, *(f"    {line}" for line in (*rest, key))))
