"""PagerDuty, by the Events API v2: trigger and resolve of one key, about 120 a minute.

A trigger on an open key merges with its incident; after a resolve it opens a new one, so the key
holds the episode, and the outbox never reorders it. What neither opens nor resolves anything goes
to the change events, which open no incident. 202 is success; 400 never will be.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Literal

from health_pipeline.adapters.addresses import refusal
from health_pipeline.adapters.channels.credentials import NotConfiguredError, variable
from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.adapters.channels.plain import clipped
from health_pipeline.adapters.channels.result import SendResult, judged
from health_pipeline.adapters.channels.wording import (
    change,
    figures,
    headline,
    links,
    name,
    play,
    text_lines,
    told,
)
from health_pipeline.adapters.http import post
from health_pipeline.core.schemas.messages import Message, MessageAlert

DEDUPES = True
HOSTS = ("events.pagerduty.com", "events.eu.pagerduty.com")

FINAL = (400,)
MAX_KEY, MAX_SUMMARY, MAX_LINKS = 255, 1_024, 20
MAX_BYTES = 200_000
"""An event may have 512 KB; nobody reads so much."""


class Params(ChannelParams):
    """`routing_key_env` names the variable with the integration key, `region` the service region.

    `url_env` holds the address of another service that takes these events, in place of PagerDuty.
    """

    kind: Literal["pagerduty"] = "pagerduty"
    per_second: float = 2.0
    routing_key_env: str
    region: Literal["us", "eu"] = "us"
    url_env: str | None = None


def missing(config: Params) -> str | None:
    """Why the channel is not ready, None when it is."""
    try:
        variable(config.routing_key_env, "routing_key_env")
        return refusal(_base(config), config.allow_hosts)
    except NotConfiguredError as reason:
        return str(reason)


def send(message: Message, config: Params, key: str, now: datetime, again: bool) -> SendResult:
    """POST one event."""
    del key
    try:
        routing_key = variable(config.routing_key_env, "routing_key_env")
        base = _base(config)
    except NotConfiguredError as reason:
        return SendResult(ok=False, error=str(reason))
    path = "/v2/change/enqueue" if message.action == "info" else "/v2/enqueue"
    body = json.dumps({"routing_key": routing_key, **rendered(message, again=again)})
    sent = {"content-type": "application/json"}
    answer = post(f"{base}{path}", body.encode(), sent, config.timeout_seconds, config.allow_hosts)
    return judged(answer, now, FINAL)


def _base(config: Params) -> str:
    if config.url_env:
        return variable(config.url_env, "url_env").rstrip("/")
    return f"https://{HOSTS[config.region == 'eu']}"


def rendered(message: Message, *, again: bool = False) -> dict[str, Any]:
    """The event without its routing key."""
    if message.action == "resolve":
        return {"event_action": "resolve", "dedup_key": dedup_key(message)}
    is_info = message.action == "info"
    summary = headline(message, again=again and is_info)  # only change events are not merged
    payload: dict[str, Any] = {
        "summary": clipped(summary, MAX_SUMMARY),
        "source": "health-pipeline",
        "timestamp": message.opened_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "custom_details": _details(message),
    }
    found = [{"href": one.href, "text": one.text} for one in links(message)[:MAX_LINKS]]
    if is_info:
        return {"payload": payload, "links": found}
    payload |= {
        "severity": message.severity,
        "component": clipped(message.kind, MAX_KEY),
        "group": clipped(message.route, MAX_KEY),
    }
    return {
        "event_action": "trigger",
        "dedup_key": dedup_key(message),
        "client": "health-pipeline",
        "payload": payload,
        "links": found,
    }


def dedup_key(message: Message) -> str:
    """The message's own, or where it is too long a hash of it."""
    if len(message.dedup_key) <= MAX_KEY:
        return message.dedup_key
    return hashlib.sha256(message.dedup_key.encode()).hexdigest()


def _details(message: Message) -> dict[str, Any]:
    details: dict[str, Any] = {
        "text": "\n".join(text_lines(message)),
        "recipient": message.recipient,
        "runbook": message.runbook,
    }
    if len(message.alerts) == 1:
        details |= _one(message.alerts[0])
    elif message.alerts:
        fitting = told(message.alerts, lambda lines: len(json.dumps(lines)) <= MAX_BYTES)
        details |= {"accounts": list(fitting.lines), "left_out": fitting.left_out}
    return {key: value for key, value in details.items() if value}


def _one(alert: MessageAlert) -> dict[str, Any]:
    return {
        "account": name(alert),
        "account_id": alert.account_id,
        "change": change(alert),
        "why": alert.sentence,
        "figures": figures(alert),
        "play": play(alert),
    }
