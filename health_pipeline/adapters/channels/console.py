"""Alerts as lines on the terminal; always ready."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime

from health_pipeline.adapters.channels.channel import Message, SendResult
from health_pipeline.adapters.channels.params import ChannelConfig


def missing(config: ChannelConfig) -> str | None:
    """Why the channel is not ready: never."""
    del config
    return None


def send(
    message: Message,
    config: ChannelConfig,
    key: str,
    now: datetime,
    write: Callable[[str], object] | None = None,
) -> SendResult:
    """Write one readable line, and one of detail, by `write` (default: standard output)."""
    del config
    play = f", play {message['play_id']}" if message.get("play_id") else ""
    change = " → ".join(s for s in (message["from_state"], message["to_state"]) if s)
    lines = (
        f"{message['severity'].upper()}  {message['sentence']}",
        f"    {change}, {message['route']}{play}, {now:%Y-%m-%d %H:%M} UTC, {key}",
    )
    (write or sys.stdout.write)("".join(f"{_printable(line)}\n" for line in lines))
    return SendResult(ok=True)


def _printable(line: str) -> str:
    """Without control characters: names and notes of customers do not drive a terminal."""
    return "".join(character if character.isprintable() else " " for character in line)
