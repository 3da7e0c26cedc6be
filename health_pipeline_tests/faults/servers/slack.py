"""An incoming webhook of Slack: 200 `ok`, or a word about what is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from health_pipeline_tests.faults.servers.scripted import Limit, Reply, Request

LINK = re.compile(r"<https?://[^<>|\s]+\|[^<>]+>")


@dataclass
class Slack:
    """Keeps the messages of one channel; it takes each of them, as often as it is sent."""

    limit: Limit | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)

    def take(self, request: Request) -> Reply:
        refused = self.limit and self.limit.refusal(request)
        if refused:
            return refused
        try:
            message = json.loads(request.body)
        except ValueError:
            return Reply(400, b"invalid_payload", taken=False)
        if wrong(request.body, message):
            return Reply(400, b"invalid_payload", taken=False)
        self.messages.append(message)
        return Reply(200, b"ok")


def wrong(body: bytes, message: dict[str, Any]) -> list[str]:
    """What breaks Slack's rules, or ours: escaped, small, names never in markup."""
    blocks = message.get("blocks", [])
    found = [] if message.get("text") else ["no text"]
    found += ["too many blocks"] if len(blocks) > 50 else []
    found += ["too long"] if len(body) >= 10_000 else []
    for text, limit in _texts(message, blocks):
        found += [f"longer than {limit}"] if len(text["text"]) > limit else []
        found += [] if text["text"] else ["an empty text"]
        bare = LINK.sub("", text["text"]) if text["type"] == "mrkdwn" else text["text"]
        found += ["not escaped"] if re.search(r"[<>]|&(?!amp;|lt;|gt;)", bare) else []
    return found


def _texts(message: dict[str, Any], blocks: list[dict[str, Any]]) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = [({"type": "plain_text", "text": message["text"]}, 3_000)]
    for block in blocks:
        if block["type"] == "header":
            found.append((block["text"], 150))
        elif block["type"] == "section":
            found.append((block["text"], 3_000))
        elif block["type"] == "context":
            found += [(element, 3_000) for element in block["elements"]]
        else:
            raise AssertionError(f"a block of type {block['type']}")
    return found
