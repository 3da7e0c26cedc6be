"""Messages appended to a file, one JSON object a line, for a machine to read.

A line holds `key`, `sent_at`, `possible_repeat` and the `message`, and is on the disk before it
counts as sent. Names and texts stand in it as they are: whoever shows them escapes them.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.adapters.channels.result import SendResult
from health_pipeline.core.schemas.messages import Message

DEDUPES = False


class Params(ChannelParams):
    """`path`: the file, made when it is not there; its folder must be."""

    kind: Literal["file"] = "file"
    per_second: float = 10_000.0
    path: str


def missing(config: Params) -> str | None:
    """Why the channel is not ready, None when it is."""
    path = Path(config.path)
    if not path.parent.is_dir():
        return f"path {config.path}: its folder does not exist"
    if path.exists() and not os.access(path, os.W_OK):
        return f"path {config.path}: not writable"
    return None


def send(message: Message, config: Params, key: str, now: datetime, again: bool) -> SendResult:
    """Append one line, in one write."""
    line = rendered(message, key, now, again=again)
    try:
        descriptor = os.open(config.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            written = os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return SendResult(ok=False, error=f"not written: {error.strerror}", in_doubt=True)
    if written < len(line):
        return SendResult(ok=False, error="not written whole: is the disk full?", in_doubt=True)
    return SendResult(ok=True)


def rendered(message: Message, key: str, now: datetime, *, again: bool = False) -> bytes:
    """The line of a message."""
    row = {
        "key": key,
        "sent_at": now.astimezone(UTC).isoformat(),
        "possible_repeat": again,
        "message": message.model_dump(mode="json"),
    }
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
