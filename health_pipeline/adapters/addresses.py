"""Where a message may go: https, hosts that the model allows, and no private address by accident.

Belongs here: the rules, and one resolution of a name. Does not: connections (`http.py`, `smtp.py`).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) → its IP addresses as text, in the order of preference."""

RETIRED = ("webhook.office.com",)
"""Hosts whose service has ended: Office 365 connectors of Teams."""

METADATA = tuple(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))
"""Instance metadata outside of the link-local range (169.254.0.0/16, fe80::/10)."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class RefusedAddressError(Exception):
    """Nothing may be sent there; the message says why and holds no path, query or user."""


def is_loopback(url: str) -> bool:
    """True when `url` names this machine."""
    host = urlsplit(url).hostname or ""
    address = _literal(host)
    return host == "localhost" or (address is not None and _unwrapped(address).is_loopback)


def refusal(url: str, allow: Iterable[str] = ()) -> str | None:
    """Why nothing may be sent to `url`, as far as its text tells; None when it may.

    Args:
        url: the address.
        allow: hosts that are allowed, as for `host_refusal`.

    Returns:
        It must be https, or http to this machine, and its host allowed.
    """
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname, parts.scheme
        _ = parts.port
    except ValueError:
        return "the address is no URL"
    if not host:
        return "the address is no URL"
    if scheme != "https" and not (scheme == "http" and is_loopback(url)):
        return f"the address must be https, or http to this machine; it is {scheme} to {host}"
    if parts.username is not None or parts.password is not None:
        return f"the address of {host} holds a user name or password"
    return host_refusal(host, allow)


def host_refusal(host: str, allow: Iterable[str]) -> str | None:
    """Why nothing may be sent to `host`, before it is resolved.

    Args:
        host: a name or an IP address.
        allow: names, `*.` with a domain for everything below it, IP addresses, and networks such
            as 10.0.0.0/8. A name that resolves to a private address needs that address as well.
    """
    name, allowed = plain_host(host), tuple(allow)
    if any(name == one or name.endswith(f".{one}") for one in RETIRED):
        return f"{name} is retired: Teams takes messages by a Workflows webhook"
    address = _literal(name)
    if address is not None:
        return _address_refusal(address, allowed, named=False)
    if any(_matches(name, one) for one in allowed):
        return None
    return f"{name} is not in allow_hosts of delivery.yaml"


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of `host` as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def checked_address(
    host: str, port: int, allow: Iterable[str], resolve: Resolver = system_resolver
) -> str:
    """The one IP address of `host` to connect to: resolved once, and each of its addresses allowed.

    Raises:
        RefusedAddressError: the host is not allowed, or has an address that is not.
        OSError: it cannot be resolved.
    """
    allowed = tuple(allow)
    reason = host_refusal(host, allowed)
    if reason:
        raise RefusedAddressError(reason)
    name = plain_host(host)
    if _literal(name) is not None:
        return name
    found = [str(one).partition("%")[0] for one in resolve(name, port)]
    if not found:
        raise OSError(f"{name} has no address")
    for one in found:
        reason = _address_refusal(ipaddress.ip_address(one), allowed, named=True)
        if reason:
            raise RefusedAddressError(f"{name} resolves to an address that is refused: {reason}")
    return found[0]


def plain_host(host: str) -> str:
    """Lower case, in ASCII, without brackets and the full stop at the end."""
    text = host.strip().strip("[]").rstrip(".").lower()
    if text.isascii():
        return text
    import idna

    try:
        return idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        return text


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with an entry of allow_hosts; None when nothing is."""
    if not pattern or pattern != pattern.strip() or "://" in pattern:
        return "not a host"
    if _network(pattern) is not None:
        return None
    name = pattern.removeprefix("*.")
    labels = plain_host(name).split(".")
    if "*" in name or not all(one and one.replace("-", "a").isalnum() for one in labels):
        return "not a host"
    if pattern.startswith("*.") and len(labels) < 2:
        return "a whole top-level domain"
    return None


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(f".{plain_host(pattern[2:])}")
    return _network(pattern) is None and name == plain_host(pattern)


def _address_refusal(address: IpAddress, allow: tuple[str, ...], *, named: bool) -> str | None:
    """`named`: the host's name is allowed, so that a public address needs no word of its own."""
    inner = _unwrapped(address)
    if inner.is_link_local or inner in METADATA or inner.is_multicast or inner.is_unspecified:
        return f"{address} is link-local, metadata, multicast or unspecified; never allowed"
    if named and inner.is_global:
        return None
    if any(inner in network for one in allow if (network := _network(one)) is not None):
        return None
    if inner.is_loopback and "localhost" in allow:
        return None
    if inner.is_global:
        return f"{address} is not in allow_hosts of delivery.yaml"
    return f"{address} is private; name it, or its network, in allow_hosts of delivery.yaml"


def _unwrapped(address: IpAddress) -> IpAddress:
    """The IPv4 address inside of an IPv6 one, where it is only a wrapping."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _network(pattern: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(pattern.strip("[]"))
    except ValueError:
        return None
