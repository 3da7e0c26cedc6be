"""Any of the hundred services that Apprise knows, Teams among them; one address a channel.

The address is an Apprise URL, or a Workflows webhook of Teams as it is, and is the credential: it
is kept in an environment variable. Apprise follows no redirect here and does not try again itself;
it says whether a service took the message, and of a failure the HTTP status. Services that are
reached by a host of one's own need it in `allow_hosts`, and TLS unless it is this machine. The
host is resolved and checked before each attempt, yet the connection is Apprise's own, not pinned.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from health_pipeline.adapters.addresses import (
    RETIRED,
    RefusedAddressError,
    checked_address,
    host_refusal,
    is_loopback,
)
from health_pipeline.adapters.channels.credentials import NotConfiguredError, variable
from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.adapters.channels.plain import clipped
from health_pipeline.adapters.channels.result import GATEWAY, TOO_MANY, SendResult
from health_pipeline.adapters.channels.wording import body, headline, label
from health_pipeline.core.schemas.messages import Message

DEDUPES = False
HOSTS = ("*.logic.azure.com", "*.api.powerplatform.com")
"""Where Workflows webhooks of Teams are."""

ROOM = {"workflow": 15_000, "workflows": 15_000}
"""Characters, escaped for JSON, that a service takes, where Apprise declares less: a card of Teams
may have 20 KB."""

STATUS = re.compile(r"error=(\d{3})\b")


class Params(ChannelParams):
    """`url_env` names the variable with the address; `max_chars`: if the service takes fewer."""

    kind: Literal["apprise"] = "apprise"
    url_env: str
    max_chars: int | None = Field(default=None, ge=80)


def missing(config: Params) -> str | None:
    """Why the channel is not ready, None when it is."""
    try:
        _service(config)
    except NotConfiguredError as reason:
        return str(reason)
    return None


def send(message: Message, config: Params, key: str, now: datetime, again: bool) -> SendResult:
    """Hand one message to Apprise."""
    del key, now
    import apprise

    try:
        service = _service(config)
        host = _own_host(service)
        if host:
            checked_address(host, service.port or 443, config.allow_hosts)
    except (NotConfiguredError, RefusedAddressError) as reason:
        return SendResult(ok=False, error=str(reason))
    except OSError as error:
        return SendResult(ok=False, error=f"the name cannot be resolved: {type(error).__name__}")
    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    title, text = rendered(message, room(service, config), again=again)
    answer = sender.notify(
        title=clipped(title, service.title_maxlen or 250),
        body=text,
        notify_type=_notify_type(message),
        body_format=apprise.NotifyFormat.TEXT,
        timeout=config.timeout_seconds,
    )
    return SendResult(ok=True) if answer else _failed([str(one) for one in answer.logs()])


def rendered(message: Message, most: int, *, again: bool = False) -> tuple[str, str]:
    """Title, and text in at most `most` characters as JSON writes them.

    Apprise escapes the text for a service that reads markup, and not the title: so nothing that
    a customer may have named stands in the title.
    """
    first = headline(message, again=again)

    def text(characters: int) -> str:
        rest = body(message, max(1, characters - len(first) - 1))
        return clipped(f"{first}\n{rest}", characters)

    characters = most
    while len(json.dumps(text(characters))) > most and characters > 1:
        characters = characters * 4 // 5
    return f"{label(message)}: {message.kind}", text(characters)


def room(service: Any, config: Params) -> int:
    """Characters of a text for `service`."""
    declared = ROOM.get(_schema(service), int(service.body_maxlen))
    return min(declared, config.max_chars or declared)


def _service(config: Params) -> Any:
    """The service that the address names.

    Raises:
        NotConfiguredError: there is none, or nothing may be sent to it.
    """
    import apprise

    url = variable(config.url_env, "url_env")
    if any((urlsplit(url).hostname or "").endswith(one) for one in RETIRED):
        raise NotConfiguredError(
            "connectors of webhook.office.com are retired: Teams takes messages by a Workflows "
            "webhook"
        )
    _silence()
    service: Any = apprise.Apprise.instantiate(
        url, asset=apprise.AppriseAsset(http_redirects=False), suppress_exceptions=True
    )
    if service is None:
        raise NotConfiguredError(f"{config.url_env} (url_env) holds no address that Apprise knows")
    reason = _refusal(service, config)
    if reason:
        raise NotConfiguredError(reason)
    service.redirects, service.retry = False, 0
    service.socket_connect_timeout = service.socket_read_timeout = config.timeout_seconds
    return service


def _silence() -> None:
    """Keep Apprise's own words from every log: they hold addresses that it cannot read."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _refusal(service: Any, config: Params) -> str | None:
    if not getattr(service, "verify_certificate", True):
        return "the address turns off the check of certificates (verify=no)"
    host = _own_host(service)
    if not host:
        return None
    protocols = service.protocol or ()
    plain = _schema(service) in ((protocols,) if isinstance(protocols, str) else protocols)
    if plain and not is_loopback(f"http://{host}"):
        return f"{_schema(service)}:// is not encrypted; use its form with TLS"
    return host_refusal(host, config.allow_hosts)


def _own_host(service: Any) -> str | None:
    """The host in the address; None where the service has one of its own."""
    named = any("{host}" in template for template in service.templates)
    return service.host if named and service.host else None


def _schema(service: Any) -> str:
    return str(service.url(privacy=True)).partition("://")[0]


def _notify_type(message: Message) -> str:
    if message.action == "resolve":
        return "success"
    return {"critical": "failure", "error": "failure", "warning": "warning"}.get(
        message.severity, "info"
    )


def _failed(logs: list[str]) -> SendResult:
    """What Apprise says of a failure; of its words only the status, which is no secret."""
    found = STATUS.search("\n".join(logs))
    if found is None:
        return SendResult(ok=False, error="Apprise says that it was not sent", in_doubt=True)
    status = int(found[1])
    return SendResult(
        ok=False,
        status_code=status,
        error=f"answered {status}",
        in_doubt=status in GATEWAY,
        throttled=status == TOO_MANY,
    )
