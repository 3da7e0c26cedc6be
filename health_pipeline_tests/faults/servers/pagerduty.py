"""PagerDuty's Events API v2: a trigger opens an incident or merges, a resolve closes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from health_pipeline_tests.faults.servers.scripted import Limit, Reply, Request

SEVERITIES = ("critical", "error", "warning", "info")


@dataclass
class Incident:
    dedup_key: str
    triggers: list[dict[str, Any]]
    is_open: bool = True


@dataclass
class PagerDuty:
    """Keeps incidents by their keys, and change events."""

    limit: Limit | None = None
    incidents: list[Incident] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def take(self, request: Request) -> Reply:
        refused = self.limit and self.limit.refusal(request)
        if refused:
            return refused
        try:
            event = json.loads(request.body)
        except ValueError:
            return _invalid(["not JSON"])
        is_change = request.path == "/v2/change/enqueue"
        errors = _change_errors(event) if is_change else _errors(event)
        if errors or request.path not in ("/v2/enqueue", "/v2/change/enqueue"):
            return _invalid(errors or ["no such path"])
        if is_change:
            self.changes.append(event)
        else:
            self._apply(event)
        answer = {"status": "success", "message": "Event processed"}
        return Reply(202, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def of(self, key: str) -> list[Incident]:
        return [one for one in self.incidents if one.dedup_key == key]

    def _apply(self, event: dict[str, Any]) -> None:
        opened = [one for one in self.of(event["dedup_key"]) if one.is_open]
        if event["event_action"] == "resolve":
            for one in opened:
                one.is_open = False
        elif opened:
            opened[0].triggers.append(event)
        else:
            self.incidents.append(Incident(event["dedup_key"], [event]))


def _invalid(errors: list[str]) -> Reply:
    answer = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    return Reply(400, json.dumps(answer).encode(), taken=False)


def _errors(event: dict[str, Any]) -> list[str]:
    found = [] if len(event.get("routing_key", "")) == 32 else ["routing_key"]
    key = event.get("dedup_key", "")
    found += [] if 1 <= len(key) <= 255 else ["dedup_key"]
    action = event.get("event_action")
    if action == "resolve":
        return found
    payload = event.get("payload", {})
    found += [] if action == "trigger" else ["event_action"]
    found += [] if 1 <= len(payload.get("summary", "")) <= 1024 else ["summary"]
    found += [] if payload.get("source") else ["source"]
    found += [] if payload.get("severity") in SEVERITIES else ["severity"]
    found += [f"link {one}" for one in event.get("links", []) if set(one) != {"href", "text"}]
    return found


def _change_errors(event: dict[str, Any]) -> list[str]:
    found = [] if len(event.get("routing_key", "")) == 32 else ["routing_key"]
    return found + ([] if event.get("payload", {}).get("summary") else ["summary"])
