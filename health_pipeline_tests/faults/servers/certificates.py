"""A certificate authority of the test's own, for servers on this machine."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Authority:
    """`bundle` is what a client has to trust."""

    bundle: Path
    authority: trustme.CA

    def server(self, *names: str) -> ssl.SSLContext:
        """What a server needs that answers to `names`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names).configure_cert(context)
        return context


def authority(folder: Path) -> Authority:
    """A new authority whose certificate lies in `folder`."""
    own = trustme.CA()
    bundle = folder / "authority.pem"
    own.cert_pem.write_to_path(str(bundle))
    return Authority(bundle, own)
