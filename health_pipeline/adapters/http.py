"""One POST over HTTP: a deadline for the whole attempt, no redirects, no secrets in errors."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or the reason why there is none."""

    status: int | None
    retry_after: str | None
    error: str | None


def is_loopback(url: str) -> bool:
    """True when `url` names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refusal(url: str) -> str | None:
    """Why nothing may be sent to `url`: it must be https, or http to this machine."""
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname, parts.scheme
    except ValueError:
        return "the address is no URL"
    if not host:
        return "the address is no URL"
    if scheme == "https" or (scheme == "http" and is_loopback(url)):
        return None
    return f"the address must be https, or http to this machine; it is {scheme} to {host}"


def retry_seconds(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header (seconds or HTTP date) asks for; None when unreadable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def post(url: str, body: bytes, headers: Mapping[str, str], deadline_seconds: float) -> Answer:
    """POST `body` once and answer within `deadline_seconds`.

    The library's timeout is for each read, so a server that sends a byte a second would hold it
    for ever: the attempt runs in a thread of its own, which is given up at the deadline.
    """
    answers: list[Answer] = []
    attempt = threading.Thread(
        target=lambda: answers.append(_attempt(url, body, headers, deadline_seconds)), daemon=True
    )
    attempt.start()
    attempt.join(deadline_seconds)
    late = Answer(None, None, f"no answer within {deadline_seconds:g} s")
    return answers[0] if answers else late


def _attempt(url: str, body: bytes, headers: Mapping[str, str], deadline_seconds: float) -> Answer:
    import requests

    with requests.Session() as session:
        session.trust_env = not is_loopback(url)  # a proxy has no way to this machine
        try:
            answer = session.post(
                url,
                data=body,
                headers=dict(headers),
                timeout=(min(CONNECT_SECONDS, deadline_seconds), deadline_seconds),
                allow_redirects=False,
                stream=True,  # the body of the answer is of no interest, however long
                auth=lambda request: request,  # never credentials of a .netrc
            )
        except (requests.RequestException, ValueError, OSError) as error:
            # Its text holds the address, and an address may be a credential.
            return Answer(None, None, f"no answer: {type(error).__name__}")
        with answer:
            return Answer(answer.status_code, answer.headers.get("Retry-After"), None)
