"""A Workflows webhook of Teams: Adaptive Cards under 20 KB, 202."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from health_pipeline_tests.faults.servers.scripted import Limit, Reply, Request

CARD = "application/vnd.microsoft.card.adaptive"


@dataclass
class Teams:
    """Keeps the cards of one channel."""

    limit: Limit | None = None
    cards: list[dict[str, Any]] = field(default_factory=list)

    def take(self, request: Request) -> Reply:
        refused = self.limit and self.limit.refusal(request)
        if refused:
            return refused
        if len(request.body) >= 20 * 1024:
            return Reply(413, b"RequestEntityTooLarge", taken=False)
        message = json.loads(request.body)
        (attachment,) = message["attachments"]
        if message["type"] != "message" or attachment["contentType"] != CARD:
            return Reply(400, b"TriggerInputSchemaMismatch", taken=False)
        self.cards.append(attachment["content"])
        return Reply(202)

    def texts(self) -> list[str]:
        """What the text blocks of each card say, as they are written."""
        return [
            "\n".join(block["text"] for block in card["body"] if block["type"] == "TextBlock")
            for card in self.cards
        ]
