"""Alerts by HTTP POST, as Standard Webhooks 1.0.0 says.

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
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from health_pipeline.adapters.channels.channel import Message, SendResult
from health_pipeline.adapters.channels.params import ChannelConfig
from health_pipeline.adapters.http import post, refusal, retry_seconds
from health_pipeline.core.schemas.ids import stable_id

MAX_BODY_BYTES = 20 * 1024
SECRET_PREFIX = "whsec_"  # noqa: S105 - the standard's prefix, no secret
GONE = 410


class NotConfiguredError(Exception):
    """The channel lacks what it needs; the message says what."""


def missing(config: ChannelConfig, env: Mapping[str, str] | None = None) -> str | None:
    """Why the channel is not ready, None when it is."""
    try:
        _address(config, os.environ if env is None else env)
        _secret(config, os.environ if env is None else env)
    except NotConfiguredError as reason:
        return str(reason)
    return None


def send(
    message: Message,
    config: ChannelConfig,
    key: str,
    now: datetime,
    env: Mapping[str, str] | None = None,
) -> SendResult:
    """POST one alert; `key` names the message on every attempt, `now` is the time of this one."""
    env = os.environ if env is None else env
    body = payload(message)
    if len(body) >= MAX_BODY_BYTES:
        return SendResult(
            ok=False, error=f"a body of {len(body)} bytes is not under 20 KB", final=True
        )
    try:
        url, secret = _address(config, env), _secret(config, env)
    except NotConfiguredError as reason:
        return SendResult(ok=False, error=str(reason))
    answer = post(url, body, headers(key, now, body, secret), config.timeout_seconds)
    if answer.status is None:
        return SendResult(ok=False, error=answer.error)
    if 200 <= answer.status < 300:
        return SendResult(ok=True, status_code=answer.status)
    return SendResult(
        ok=False,
        status_code=answer.status,
        retry_after=retry_seconds(answer.retry_after, now),
        error=_failure(answer.status),
        final=answer.status == GONE,
    )


def payload(message: Message) -> bytes:
    """The body: type, timestamp of the change, and the alert itself as data.

    The type is `health.driver.STATE` for a driver's change, else `health.KIND`.
    """
    kind = message.get("kind") or "driver"
    about = f"driver.{message['to_state']}" if kind.startswith("driver") else kind
    return json.dumps(
        {
            "type": f"health.{about}",
            "timestamp": message["opened_at"],
            "data": dict(message),
        },
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


def _failure(status: int) -> str:
    if 300 <= status < 400:
        return f"answered {status}; redirects are not followed"
    return "answered 410: the address is gone" if status == GONE else f"answered {status}"


def _address(config: ChannelConfig, env: Mapping[str, str]) -> str:
    if config.url_env:
        url = env.get(config.url_env, "").strip()
        if not url:
            raise NotConfiguredError(f"environment variable {config.url_env} (url_env) is not set")
    elif config.url_file:
        try:
            url = Path(config.url_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = type(error).__name__
            raise NotConfiguredError(f"url_file {config.url_file}: not readable ({why})") from error
    else:
        raise NotConfiguredError("no address: set url_env or url_file")
    refused = refusal(url)
    if refused:
        raise NotConfiguredError(refused)
    return url


def _secret(config: ChannelConfig, env: Mapping[str, str]) -> bytes | None:
    """The signing key; after the prefix `whsec_` it is base64, as the standard writes it."""
    if config.secret_env is None:
        return None
    text = env.get(config.secret_env, "").strip()
    if not text:
        raise NotConfiguredError(
            f"environment variable {config.secret_env} (secret_env) is not set"
        )
    if not text.startswith(SECRET_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise NotConfiguredError(
            f"{config.secret_env} starts with {SECRET_PREFIX} but is no base64 behind it"
        ) from error
