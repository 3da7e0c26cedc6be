"""Messages by HTTP POST, as Standard Webhooks 1.0.0 says.

`webhook-id` is the same on each retry, so that a receiver drops what it has seen;
`webhook-timestamp` is of the attempt; `webhook-signature` is `v1,` and the base64 HMAC-SHA256 of
id.timestamp.body. 2xx is success, a redirect is a failure and never followed, 410 ends it at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any, Literal

from health_pipeline.adapters.channels.credentials import NotConfiguredError, address, variable
from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.adapters.channels.result import SendResult, judged
from health_pipeline.adapters.http import post
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.messages import Message

DEDUPES = True
FINAL = (410,)
MAX_BODY_BYTES = 20 * 1024
SECRET_PREFIX = "whsec_"  # noqa: S105 - the standard's prefix, no secret

LESS = (
    ("alert_id", "account_id", "account", "signal", "to_state"),
    ("account_id", "account"),
    ("account_id",),
)
"""What stays of an alert when more of all of them is too much."""


class Params(ChannelParams):
    """`url_env` or `url_file` holds the address, `secret_env` the secret (none: unsigned)."""

    kind: Literal["webhook"] = "webhook"
    per_second: float = 10.0
    url_env: str | None = None
    url_file: str | None = None
    secret_env: str | None = None


def missing(config: Params) -> str | None:
    """Why the channel is not ready, None when it is."""
    try:
        address(config)
        _secret(config)
    except NotConfiguredError as reason:
        return str(reason)
    return None


def send(message: Message, config: Params, key: str, now: datetime, again: bool) -> SendResult:
    """POST one message; `key` names it on every attempt, `now` is the time of this one."""
    del again  # the same id says so
    try:
        url, secret = address(config), _secret(config)
    except NotConfiguredError as reason:
        return SendResult(ok=False, error=str(reason))
    body = rendered(message)
    sent = headers(key, now, body, secret)
    answer = post(url, body, sent, config.timeout_seconds, config.allow_hosts)
    return judged(answer, now, FINAL)


def rendered(message: Message) -> bytes:
    """The body, under 20 KB: type, timestamp of the change, and the message itself as data.

    The type is `health.driver.STATE` for a driver's change, else `health.KIND`. `alerts_total`
    counts the alerts; where all of them are too much, less of each is told, at last the account id,
    and then as many as fit.
    """
    data = {**message.model_dump(mode="json"), "alerts_total": len(message.alerts)}
    alerts: list[dict[str, Any]] = data["alerts"]
    body = _body(message, data)
    for keys in LESS:
        if len(body) < MAX_BODY_BYTES:
            return body
        alerts = [{key: alert[key] for key in keys} for alert in alerts]
        body = _body(message, {**data, "alerts": alerts})
    while len(body) >= MAX_BODY_BYTES and alerts:
        alerts = alerts[: len(alerts) * 9 // 10]
        body = _body(message, {**data, "alerts": alerts})
    if len(body) >= MAX_BODY_BYTES:
        body = _body(message, {**data, "alerts": [], "text": "", "links": []})
    return body


def _body(message: Message, data: dict[str, Any]) -> bytes:
    states = {alert.to_state for alert in message.alerts}
    state = next(iter(states)) if len(states) == 1 else None
    about = f"driver.{state}" if message.kind.startswith("driver") and state else message.kind
    return json.dumps(
        {"type": f"health.{about}", "timestamp": message.opened_at.isoformat(), "data": data},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def headers(key: str, now: datetime, body: bytes, secret: bytes | None) -> dict[str, str]:
    """The headers of one attempt; without a secret there is no signature."""
    message_id = f"msg_{stable_id('webhook', key)}"  # the standard allows no full stop in an id
    timestamp = str(int(now.timestamp()))
    sent = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "health-pipeline",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
    }
    if secret is not None:
        sent["webhook-signature"] = signature(message_id, timestamp, body, secret)
    return sent


def signature(message_id: str, timestamp: str, body: bytes, secret: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 of id.timestamp.body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"


def _secret(config: Params) -> bytes | None:
    """The signing key; after the prefix `whsec_` it is base64, as the standard writes it."""
    if config.secret_env is None:
        return None
    text = variable(config.secret_env, "secret_env")
    if not text.startswith(SECRET_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise NotConfiguredError(
            f"{config.secret_env} starts with {SECRET_PREFIX} but is no base64 behind it"
        ) from error
