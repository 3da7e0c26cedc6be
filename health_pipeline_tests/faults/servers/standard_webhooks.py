"""A receiver by Standard Webhooks 1.0.0: verifies the signature, drops an id that it has seen."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from health_pipeline_tests.faults.servers.scripted import Reply, Request


@dataclass
class StandardWebhooks:
    """`effects` has one entry for each id; `repeats` the ids that came again."""

    secret: bytes
    effects: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeats: list[str] = field(default_factory=list)

    def take(self, request: Request) -> Reply:
        if not self._is_signed(request):
            return Reply(401, b"signature", taken=False)
        if len(request.body) >= 20 * 1024:
            return Reply(413, b"too large", taken=False)
        if request.message_id in self.effects:
            self.repeats.append(request.message_id)
        else:
            self.effects[request.message_id] = json.loads(request.body)
        return Reply(204)

    def _is_signed(self, request: Request) -> bool:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        if any(name not in request.headers for name in names):
            return False
        sent_id, at, signatures = (request.headers[name] for name in names)
        if "." in sent_id or not at.isdigit():
            return False
        signed = f"{sent_id}.{at}.".encode() + request.body
        digest = hmac.new(self.secret, signed, hashlib.sha256).digest()
        expected = f"v1,{base64.b64encode(digest).decode()}"
        return any(hmac.compare_digest(expected, one) for one in signatures.split(" "))
