"""Email by SMTP, as text and as HTML.

The Message-ID follows from the message, so that mailboxes that drop copies can; messages of one
thing are one thread. A 4yz answer is tried again, a 5yz one is final. One message goes to all of
its addresses at once: where some are refused, the others have it, and the attempt says so.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Literal

from pydantic import Field

from health_pipeline.adapters.addresses import (
    RefusedAddressError,
    checked_address,
    host_refusal,
    is_loopback,
)
from health_pipeline.adapters.channels.credentials import NotConfiguredError, variable
from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.adapters.channels.plain import clipped
from health_pipeline.adapters.channels.result import SendResult
from health_pipeline.adapters.channels.wording import (
    body,
    context,
    detailed,
    headline,
    label,
    links,
    short,
    text_lines,
)
from health_pipeline.adapters.smtp import PlainMailer, SecureMailer, trusted
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.messages import Message

DEDUPES = False
MAX_SUBJECT = 200
DETAILED = 10
ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@[^\s@,;:<>()\[\]\\\"]+")


class Params(ChannelParams):
    """`host`, `port`, `security` of the server; `sender`; `to`, for messages that name nobody.

    `user_env` and `password_env` name the variables with the login, where the server wants one.
    `security: none` is for a server on this machine only.
    """

    kind: Literal["email"] = "email"
    per_second: float = 2.0
    host: str
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "ssl", "none"] = "starttls"
    sender: str
    to: tuple[str, ...] = ()
    user_env: str | None = None
    password_env: str | None = None


def missing(config: Params) -> str | None:
    """Why the channel is not ready, None when it is."""
    for one in (config.sender, *config.to):
        if not ADDRESS.fullmatch(one):
            return f"{one!r} is no address"
    if config.security == "none" and not is_loopback(f"smtp://{config.host}"):
        return "security none is for a server on this machine"
    try:
        _login(config)
    except NotConfiguredError as reason:
        return str(reason)
    return host_refusal(config.host, config.allow_hosts)


def send(message: Message, config: Params, key: str, now: datetime, again: bool) -> SendResult:
    """Send one email to all of its addresses."""
    to = recipients(message, config)
    if not to:
        return SendResult(ok=False, error="nobody to send to: no address is usable", final=True)
    try:
        login = _login(config)
        address = checked_address(config.host, config.port, config.allow_hosts)
    except (NotConfiguredError, RefusedAddressError) as reason:
        return SendResult(ok=False, error=str(reason))
    except OSError as error:
        return SendResult(ok=False, error=f"the server's name: {type(error).__name__}")
    mailer: PlainMailer | SecureMailer | None = None
    try:
        mailer = _connected(config, address, login)
        refused = mailer.send_message(rendered(message, config, to, key, now, again=again))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return _failed(error, in_data=mailer is not None and mailer.in_data)
    finally:
        if mailer is not None:
            mailer.close()  # the answer to a QUIT is of no interest
    words = f"{len(refused)} of {len(to)} addresses were refused" if refused else None
    return SendResult(ok=True, status_code=250, error=words)


def recipients(message: Message, config: Params) -> tuple[str, ...]:
    """The message's addresses that are addresses, else those of the channel."""
    given = dict.fromkeys(one for one in message.to if ADDRESS.fullmatch(one))
    return tuple(given) or config.to


def _connected(
    config: Params, address: str, login: tuple[str, str] | None
) -> PlainMailer | SecureMailer:
    mailer: PlainMailer | SecureMailer
    if config.security == "ssl":
        mailer = SecureMailer(
            config.host, config.port, address, timeout=config.timeout_seconds, context=trusted()
        )
    else:
        mailer = PlainMailer(config.host, config.port, address, timeout=config.timeout_seconds)
    try:
        if config.security == "starttls":
            mailer.starttls(context=trusted())
        if login is not None:
            mailer.login(*login)
    except BaseException:
        mailer.close()
        raise
    return mailer


def _login(config: Params) -> tuple[str, str] | None:
    if config.user_env is None:
        return None
    if config.password_env is None:
        raise NotConfiguredError("user_env without password_env")
    user = variable(config.user_env, "user_env")
    return user, variable(config.password_env, "password_env")


def _failed(error: Exception, *, in_data: bool) -> SendResult:
    """What an error means; its text may hold addresses, so only its code is told."""
    code: int | None = None
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [one[0] for one in error.recipients.values()]
        code = min(codes, default=None)  # one that may come back later keeps the message alive
    elif isinstance(error, smtplib.SMTPResponseException):
        code = error.smtp_code
    if code is None or code <= 0:
        words = f"no answer: {type(error).__name__}"
        return SendResult(ok=False, error=words, in_doubt=in_data)
    is_about_us = isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPHeloError)
    words = f"answered {code} ({type(error).__name__})"
    final = 500 <= code < 600 and not is_about_us
    return SendResult(ok=False, status_code=code, error=words, final=final)


def rendered(
    message: Message,
    config: Params,
    to: Iterable[str],
    key: str,
    now: datetime,
    *,
    again: bool = False,
) -> EmailMessage:
    """The email: headers of one line each, the text, and the same as HTML."""
    mail = EmailMessage(policy=SMTP)
    domain = config.sender.rpartition("@")[2]
    subject = f"{label(message)}: {headline(message, again=again)}"
    mail["Subject"] = clipped(subject, MAX_SUBJECT)
    mail["From"] = config.sender
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{stable_id('email', key)}@{domain}>"
    mail["References"] = f"<{stable_id('email thread', message.dedup_key)}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{subject}\n\n{body(message)}\n", cte="quoted-printable")
    mail.add_alternative(_html(message, subject), subtype="html", cte="quoted-printable")
    return mail


def _html(message: Message, subject: str) -> str:
    write = detailed if len(message.alerts) <= DETAILED else short
    alerts = "".join(f"<li>{_lines(write(one).splitlines())}</li>\n" for one in message.alerts)
    found = " · ".join(
        f'<a href="{escape(one.href)}">{escape(one.text)}</a>' for one in links(message)
    )
    parts = (
        f"<h3>{escape(subject)}</h3>",
        f"<p>{_lines(text_lines(message))}</p>" if text_lines(message) else "",
        f"<ul>\n{alerts}</ul>" if alerts else "",
        f"<p>{found}</p>" if found else "",
        f"<p><small>{escape(context(message))}</small></p>",
    )
    inner = "\n".join(part for part in parts if part)
    return f'<!doctype html>\n<html><body dir="auto">\n{inner}\n</body></html>\n'


def _lines(lines: Iterable[str]) -> str:
    return "<br>\n".join(escape(line) for line in lines)
