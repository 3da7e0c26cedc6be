"""An SMTP server (aiosmtpd) that keeps the mails it took, and misbehaves on a script."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

FULL = "250 OK"


@dataclass(frozen=True)
class MailFault:
    """What goes wrong with one mail: an answer to RCPT or DATA, a drop, a wait before the answer.

    drop: "before" the mail is kept, or "after" it, the connection closes without an answer.
    refuse: addresses that are refused with 550.
    """

    rcpt: str | None = None
    data: str | None = None
    drop: str | None = None
    wait: float = 0.0
    refuse: tuple[str, ...] = ()


NONE = MailFault()


@dataclass(frozen=True)
class Mail:
    sender: str
    to: tuple[str, ...]
    raw: bytes
    message: EmailMessage
    secure: bool


@dataclass
class Mailbox:
    host: str
    port: int
    mails: list[Mail] = field(default_factory=list)
    attempts: int = 0


class _Handler:
    def __init__(self, box: Mailbox, script: Iterable[MailFault]) -> None:
        self.box, self.script, self.fault = box, iter(script), NONE

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.fault = next(self.script, NONE)
        self.box.attempts += 1
        envelope.mail_from = address
        return FULL

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.fault.rcpt:
            return self.fault.rcpt
        if address in self.fault.refuse:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return FULL

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.fault
        if fault.drop != "before" and not fault.data:
            raw = cast("bytes", envelope.content)
            self.box.mails.append(
                Mail(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    raw,
                    cast("EmailMessage", message_from_bytes(raw, policy=SMTP_POLICY)),
                    _is_secure(server, session),
                )
            )
        await asyncio.sleep(fault.wait)
        if fault.drop and server.transport is not None:
            server.transport.abort()
        return fault.data or FULL


def _is_secure(server: SMTP, session: Session) -> bool:
    """By STARTTLS, or from the first byte."""
    at_once = server.transport is not None and server.transport.get_extra_info("ssl_object")
    return session.ssl is not None or bool(at_once)


class _Controller(Controller):
    """On a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mailing(
    script: Iterable[MailFault] = (),
    tls: ssl.SSLContext | None = None,
    *,
    at_once: bool = False,
    login: tuple[str, str] | None = None,
) -> Iterator[Mailbox]:
    """A running server; `tls` by STARTTLS, or from the first byte with `at_once`."""

    def authenticated(*given: Any) -> AuthResult:
        sent = given[-1]
        assert isinstance(sent, LoginPassword)
        good = login == (sent.login.decode(), sent.password.decode())
        return AuthResult(success=good, handled=False)

    box = Mailbox("127.0.0.1", 0)
    given: dict[str, Any] = {"ssl_context": tls} if at_once else {}
    if tls is not None and not at_once:
        given |= {"tls_context": tls, "require_starttls": True}
    if login is not None:
        given |= {"authenticator": authenticated, "auth_required": True}
        given |= {"auth_require_tls": not at_once}
    controller = _Controller(_Handler(box, script), hostname="127.0.0.1", port=0, **given)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()
