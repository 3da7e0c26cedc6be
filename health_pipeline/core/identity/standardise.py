"""One way of writing domains, email addresses and legal names, by deterministic rules (R23).

The functions on one value are the definition; those on a column give the same, and hand the few
values that are no plain ASCII to them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass

import idna
import polars as pl

from health_pipeline.core.identity.hosts import registrable, registrable_hosts
from health_pipeline.core.identity.legal_names import names, normalised_name
from health_pipeline.core.identity.public_hosts import are_public, is_public
from health_pipeline.core.identity.scripts import disguise
from health_pipeline.core.identity.tenants import tenant, without_tenants

__all__ = [
    "Reading",
    "disguised_host",
    "domains",
    "email_domain",
    "email_domains",
    "emails",
    "is_plain",
    "names",
    "normalised_domain",
    "normalised_email",
    "normalised_name",
    "read_domain",
    "read_email",
]

_BLANKS = " \t\r\n\xa0\u3000"
_SCHEME = r"(?i)^(?:(?:[a-z][a-z0-9+.-]*:)?//|mailto:)"
_PATH = r"(?s)[/?#\\].*$"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_VALID_HOST = rf"^(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?$"
_LOCAL = r"^[^\s@\"<>(),;:\\\[\]']([^\s@\"<>(),;:\\\[\]]{0,63})$"
LONGEST_HOST = 253
_scheme, _path = re.compile(_SCHEME), re.compile(_PATH)
_valid_host = re.compile(_VALID_HOST.replace("$", r"\Z"))
_local = re.compile(_LOCAL.replace("$", r"\Z"))


WWW = "www."
"""Never part of a name: www.github.io is nobody's, as github.io is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The key that a written value gives, or why it gives none (empty for an empty value)."""

    key: str | None = None
    why: str = ""


def _written_host(text: str) -> str:
    """The host in a domain, a URL or an email address, without port and final stop."""
    place = _path.sub("", _scheme.sub("", text))
    host = place.split("@")[1] if place.count("@") == 1 else place
    return host.split(":")[0].removesuffix(".")


def _ascii_host(written: str) -> Reading:
    """A host name as IDNA 2008 (UTS 46) has it, lower case; nothing of it is cut."""
    if len(written) > LONGEST_HOST:
        return Reading(why="not a domain: too long")
    if why := disguise(written.replace("-", "")):
        return Reading(why=why)
    host = unicodedata.normalize("NFC", written).lower().replace("。", ".")
    try:
        host = host if host.isascii() else idna.encode(host, uts46=True).decode()
        shown = idna.decode(host) if "xn--" in host else host
    except (idna.IDNAError, UnicodeError):
        return Reading(why="not a domain: not valid IDNA")
    if why := disguise(shown.replace("-", "")):
        return Reading(why=why)
    valid = len(host) <= LONGEST_HOST and _valid_host.match(host)
    return Reading(host) if valid else Reading(why="not a domain")


def read_domain(value: str, public: Collection[str] = ()) -> Reading:
    """The registrable domain that a domain, a URL or an email address belongs to.

    Args:
        value: what somebody wrote.
        public: hosts that identify nobody, as do all below them (`public_hosts`).
    """
    text = value.strip(_BLANKS)
    if not text:
        return Reading()
    host = _ascii_host(_written_host(text))
    if host.key is None:
        return host
    bare = host.key.removeprefix(WWW) if host.key.count(".") > 1 else host.key
    if is_public(bare, public):
        return Reading(why="a public mailbox or shared host, which is nobody's own domain")
    key = registrable(bare)
    if key is None:
        return Reading(why="a public suffix, or a top level of private networks")
    why = tenant(text.lower(), bare, key, public)
    return Reading(None if why else key, why)


def disguised_host(value: str) -> str | None:
    """The host of a domain that looks like another one, lower case; None for any other value."""
    host = _written_host(value.strip(_BLANKS)).lower()
    try:
        shown = idna.decode(host) if "xn--" in host else host
    except (idna.IDNAError, UnicodeError):
        shown = host
    return host if disguise(shown.replace("-", "")) else None


def normalised_domain(value: str, public: Collection[str] = ()) -> str | None:
    """The domain that identifies a company: `read_domain(value, public).key`."""
    return read_domain(value, public).key


def read_email(value: str) -> Reading:
    """The address as one person's key, lower case, the host as IDNA has it.

    Dots and +tags stay: whether they matter is the mail server's own affair.
    """
    text = value.strip(_BLANKS)
    if not text:
        return Reading()
    if text.count("@") != 1:
        signs = "no @" if "@" not in text else "more than one @"
        return Reading(why=f"not an email address: {signs}")
    local, host = text.split("@")
    if why := disguise(local):
        return Reading(why=why)
    local = unicodedata.normalize("NFC", local).lower()
    if not _local.match(local):
        return Reading(why="not an email address: blanks, quotes or brackets before the @")
    domain = _ascii_host(host)
    return Reading(f"{local}@{domain.key}") if domain.key else domain


def normalised_email(value: str) -> str | None:
    """The address as one person's key: `read_email(value).key`."""
    return read_email(value).key


def email_domain(value: str, public: Collection[str] = ()) -> str | None:
    """The normalised, non-public domain of an email address; None for anything else."""
    address = normalised_email(value)
    return normalised_domain(address.rpartition("@")[2], public) if address else None


_TEXT = pl.col("value").str.strip_chars(_BLANKS).str.to_lowercase()


def is_plain(text: pl.Expr) -> pl.Expr:
    """Whether a text is ASCII throughout, also once punycode is read."""
    ascii_only = text.str.len_bytes() == text.str.len_chars()
    return ascii_only & ~text.str.contains("xn--", literal=True)


def _or_by_hand(
    values: pl.Series,
    in_bulk: Callable[[pl.Series], pl.Series],
    one: Callable[[str], str | None],
) -> pl.Series:
    """`in_bulk` of the lower-case text of plain ASCII values, `one` of the other values."""
    frame = values.to_frame("value").with_columns(text=_TEXT)
    plain = frame.select(is_plain(pl.col("text")))["text"]
    keys = in_bulk(frame.select(pl.when(plain).then("text").alias(values.name))[values.name])
    others = plain.not_().arg_true()
    found = [one(value) for value in values.gather(others).to_list()]
    return keys.scatter(others, pl.Series(found, dtype=pl.String)).alias(values.name)


def _checked(host: pl.Expr) -> pl.Expr:
    fits = (host.str.len_bytes() <= LONGEST_HOST) & host.str.contains(_VALID_HOST)
    return pl.when(fits).then(host).alias("host")


def written_hosts(texts: pl.Series) -> pl.Series:
    """The host in every lower-case text, as `read_domain` finds it; most are the bare host."""
    whole = texts.str.contains(r"[/@?#\\:]|\.$").arg_true()
    place = texts.gather(whole).str.replace(_SCHEME, "").str.replace(_PATH, "")
    one_at = place.str.count_matches("@", literal=True) == 1
    host = place.str.replace(r"^[^@]*@", "").zip_with(one_at, place)
    return texts.scatter(whole, host.str.replace(r"(?s):.*$", "").str.strip_suffix("."))


def domains(values: pl.Series, public: Collection[str]) -> pl.Series:
    """`normalised_domain` of every value."""

    def keys_of(texts: pl.Series) -> pl.Series:
        host = pl.col("host")
        long = host.str.count_matches(".", literal=True) > 1
        bare = pl.when(long).then(host.str.strip_prefix(WWW)).otherwise(host)
        written = written_hosts(texts.clone()).to_frame("host").with_columns(_checked(host))
        hosts = written.with_columns(bare.alias("host"))["host"]
        keys = registrable_hosts(hosts)
        keys = keys.zip_with(~are_public(hosts, public), pl.Series([None], dtype=pl.String))
        return without_tenants(keys, hosts, texts, public)

    return _or_by_hand(values, keys_of, lambda value: normalised_domain(value, public))


def emails(values: pl.Series) -> pl.Series:
    """`normalised_email` of every value."""

    def keys_of(texts: pl.Series) -> pl.Series:
        local, host = pl.col("local"), pl.col("host")
        parts = texts.to_frame("text").with_columns(
            pl.col("text").str.extract(r"^([^@]*)@").alias("local"),
            pl.col("text").str.extract(r"@([^@]*)$").alias("host"),
        )
        one_at = pl.col("text").str.count_matches("@", literal=True) == 1
        fits = one_at & local.str.contains(_LOCAL) & _checked(host).is_not_null()
        return parts.select(pl.when(fits).then("text").alias("key"))["key"]

    return _or_by_hand(values, keys_of, normalised_email)


def email_domains(values: pl.Series, public: Collection[str]) -> pl.Series:
    """`email_domain` of every value."""
    return domains(emails(values).str.extract(r"@(.*)$"), public)
