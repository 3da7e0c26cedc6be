"""SMTP to a checked and pinned address; it knows whether the message itself was under way."""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
from typing import Any


class PlainMailer(smtplib.SMTP):
    """SMTP, to be encrypted by STARTTLS, over a connection to `address`.

    The name stays what the certificate is checked against. `in_data`: the message was begun, so
    that it may have arrived whatever came after.
    """

    in_data = False

    def __init__(self, name: str, port: int, address: str, **given: Any) -> None:
        self.address = address
        super().__init__(name, port, **given)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host
        found: socket.socket = super()._get_socket(self.address, port, timeout)  # type: ignore[misc]
        return found

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the message, and note that it is under way."""
        self.in_data = True
        return super().data(msg)


class SecureMailer(PlainMailer, smtplib.SMTP_SSL):
    """The same inside of TLS from the first byte."""


def trusted() -> ssl.SSLContext:
    """Certificates are checked, against the environment's bundle where it names one."""
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or None)
