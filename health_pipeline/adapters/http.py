"""One POST over HTTP: to a checked and pinned address, a deadline for the whole attempt.

No redirects, no second resolution of a name, no secrets in errors.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from health_pipeline.adapters.addresses import (
    RefusedAddressError,
    Resolver,
    checked_address,
    is_loopback,
    plain_host,
    refusal,
    system_resolver,
)

CONNECT_SECONDS = 10.0

BODY_BYTES = 4096
"""So much of an answer is read; providers say in a few words what was wrong."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or the reason why there is none.

    Attributes:
        status: of HTTP; None when there was no answer.
        retry_after: that header as sent.
        error: why there is no status, without address and secrets.
        body: the beginning of the answer.
        whole: the answer came to its end, and that is where it had said.
        in_doubt: there is no answer, and the request may have arrived all the same.
        refused: the address is not allowed; nothing was sent.
    """

    status: int | None
    retry_after: str | None = None
    error: str | None = None
    body: bytes = b""
    whole: bool = True
    in_doubt: bool = False
    refused: bool = False


def retry_seconds(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header (seconds or HTTP date) asks for; None when unreadable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    deadline_seconds: float,
    allow: Iterable[str],
    resolve: Resolver = system_resolver,
) -> Answer:
    """POST `body` once and answer within `deadline_seconds`.

    The library's timeout is for each read, so a server that sends a byte a second would hold it
    for ever: the attempt runs in a thread of its own, which is given up at the deadline. A status
    that had come by then counts, whatever was to follow.

    Args:
        url: where to; https, or http to this machine.
        body: sent as it is.
        headers: of the request.
        deadline_seconds: of name, connection, request and answer together.
        allow: hosts that are allowed, as in `addresses.host_refusal`.
        resolve: (host, port) → addresses.
    """
    allowed, answers = tuple(allow), list[Answer]()
    reason = refusal(url, allowed)
    if reason:
        return Answer(None, error=reason, refused=True)
    attempt = threading.Thread(
        target=lambda: answers.extend(
            _attempt(url, body, headers, deadline_seconds, allowed, resolve)
        ),
        daemon=True,
    )
    attempt.start()
    attempt.join(deadline_seconds)
    late = Answer(None, error=f"no answer within {deadline_seconds:g} s", in_doubt=True)
    return answers[-1] if answers else late


def _attempt(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    deadline_seconds: float,
    allow: tuple[str, ...],
    resolve: Resolver,
) -> Iterator[Answer]:
    """What is known of the answer, better each time; the last one counts."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = checked_address(host, port, allow, resolve)
    except RefusedAddressError as reason:
        yield Answer(None, error=str(reason), refused=True)
    except (OSError, ValueError) as error:
        yield Answer(None, error=f"the name cannot be resolved: {type(error).__name__}")
    else:
        if parts.scheme == "http" and not is_loopback(f"http://{bracketed(address)}"):
            yield Answer(None, error=f"{host} is not this machine", refused=True)
            return
        yield from _sent(url, body, headers, deadline_seconds, address)


def _sent(
    url: str, body: bytes, headers: Mapping[str, str], deadline_seconds: float, address: str
) -> Iterator[Answer]:
    import requests

    with requests.Session() as session:
        session.trust_env = False  # no credentials of a .netrc; proxies and CAs are taken below
        session.mount("https://", _pinned(address))
        session.mount("http://", _pinned(address))
        # A proxy has no way to this machine.
        session.proxies = {} if is_loopback(url) else requests.utils.get_environ_proxies(url)
        session.verify = authorities() or True
        try:
            answer = session.post(
                url,
                data=body,
                headers={**headers, "Host": _host_header(url)},
                timeout=(min(CONNECT_SECONDS, deadline_seconds), deadline_seconds),
                allow_redirects=False,
                stream=True,  # the answer is read below, as far as it is of interest
            )
        except (requests.RequestException, ValueError, OSError) as error:
            # Its text holds the address, and an address may be a credential.
            words = f"no answer: {type(error).__name__}"
            yield Answer(None, error=words, in_doubt=not _never_sent(error))
            return
        with answer:
            status, retry_after = answer.status_code, answer.headers.get("Retry-After")
            yield Answer(status, retry_after, whole=False)
            beginning, whole = _beginning(answer)
            yield Answer(status, retry_after, None, beginning, whole)


def _host_header(url: str) -> str:
    parts = urlsplit(url)
    name = bracketed(plain_host(parts.hostname or ""))
    return name if parts.port is None else f"{name}:{parts.port}"


def bracketed(host: str) -> str:
    """`host` as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def authorities() -> str | None:
    """A bundle of certificate authorities, where the environment names one."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None


def _pinned(address: str) -> Any:
    """A transport that connects to `address`, whatever the name in the URL says by then.

    The name stays in Host and SNI, and the certificate is checked against it.
    """
    from requests.adapters import HTTPAdapter

    class Pinned(HTTPAdapter):
        def build_connection_pool_key_attributes(
            self, request: Any, verify: Any, cert: Any = None
        ) -> Any:
            host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            named = {"server_hostname": host["host"], "assert_hostname": host["host"]}
            pinned = {**host, "host": address}
            return pinned, {**pool, **(named if host["scheme"] == "https" else {})}

    return Pinned(max_retries=0)


def _beginning(answer: Any) -> tuple[bytes, bool]:
    """The first bytes of the body, and whether it came as it had been announced."""
    import requests

    found = b""
    try:
        for piece in answer.iter_content(BODY_BYTES):
            found += piece
            if len(found) >= BODY_BYTES:
                break
    except (requests.RequestException, OSError):
        return found[:BODY_BYTES], False
    return found[:BODY_BYTES], True


def _never_sent(error: BaseException) -> bool:
    """True when the failure came before the request: no connection, or no trust in it."""
    from requests.exceptions import ConnectTimeout, InvalidURL, ProxyError
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    before = (
        ConnectTimeout, InvalidURL, ProxyError, ConnectTimeoutError, NewConnectionError,
        ssl.SSLCertVerificationError, ConnectionRefusedError, ValueError,
    )  # fmt: skip
    return any(isinstance(one, before) for one in _causes(error))


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it wraps, however the library has wrapped it."""
    found, waiting = list[BaseException](), [error]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.append(one)
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]
    return found
