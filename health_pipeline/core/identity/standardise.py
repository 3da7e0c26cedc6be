"""One way of writing domains and legal names, by deterministic rules (R23)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence

import polars as pl

_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//|^mailto:")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DROPPED = re.compile(r"[.'’`´]")  # "S.A." is "sa", "O'Neill" is "oneill"
_SEPARATORS = re.compile(r"[^\w]+|_+")
SERVICE_LABELS = frozenset(
    {"www", "app", "help", "support", "my", "mail", "portal", "login", "sso", "go"}
)
"""First labels that name a service of a company, not a company: app.acme.com is acme.com."""

_SHARED_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "net", "or", "org"})
"""app.co.uk is a company of its own: what would remain belongs to everybody."""

_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def normalised_domain(value: str, public_domains: Collection[str] = ()) -> str | None:
    """The host name that identifies a company: lower case, ASCII (IDNA), without service labels.

    Accepts a domain, a URL or an email address.

    Returns:
        None when nothing valid is left, or when the domain is public (identifies nobody).
    """
    text = unicodedata.normalize("NFKC", value).strip().lower().replace("。", ".")
    host = re.split(r"[/?#\\]", _SCHEME.sub("", text), maxsplit=1)[0]
    host = host.rsplit("@", 1)[-1].split(":", 1)[0].strip().rstrip(".")
    try:
        ascii_host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    labels = _without_service(ascii_host.split("."))
    ascii_host = ".".join(labels)
    if len(labels) < 2 or len(ascii_host) > 253 or labels[-1].isdigit():
        return None
    if not all(_LABEL.fullmatch(label) for label in labels) or ascii_host in public_domains:
        return None
    return ascii_host


def _without_service(labels: list[str]) -> list[str]:
    """`labels` without leading service labels, as long as a name and a suffix remain."""
    while len(labels) > 2 and labels[0] in SERVICE_LABELS:
        if len(labels) == 3 and labels[1] in _SHARED_SECOND_LEVEL:
            break
        labels = labels[1:]
    return labels


def email_domain(value: str, public_domains: Collection[str] = ()) -> str | None:
    """The normalised, non-public domain of an email address; None for anything else."""
    local, at, domain = value.strip().rpartition("@")
    return normalised_domain(domain, public_domains) if at and local else None


def normalised_email(value: str) -> str | None:
    """The address as one person's key: NFKC, lower case; None when it is no address."""
    text = unicodedata.normalize("NFKC", value).strip().lower()
    local, at, domain = text.rpartition("@")
    return text if at and local and domain and " " not in text else None


def _fold_accents(text: str) -> str:
    """Latin letters without their accents; marks of other scripts carry meaning and stay."""
    folded: list[str] = []
    latin = False
    for char in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(char) and latin:
            continue
        latin = latin if unicodedata.combining(char) else char.isascii() and char.isalpha()
        folded.append(char)
    return unicodedata.normalize("NFC", "".join(folded))


def _tokens(text: str) -> list[str]:
    folded = _fold_accents(unicodedata.normalize("NFKC", text).casefold()).translate(_LETTERS)
    return _SEPARATORS.sub(" ", _DROPPED.sub("", folded.replace("&", " and "))).split()


def normalised_name(value: str, legal_suffixes: Sequence[str] = ()) -> str | None:
    """The words of a legal name: case and accents folded, no punctuation, no legal form.

    Legal forms are dropped from the end as long as a word remains, then a leading "the".

    Returns:
        None when the name has no letter or digit.
    """
    return _name(_tokens(value), _forms(legal_suffixes))


def _forms(legal_suffixes: Sequence[str]) -> list[list[str]]:
    return sorted((_tokens(suffix) for suffix in legal_suffixes), key=len, reverse=True)


def _name(words: list[str], forms: list[list[str]]) -> str | None:
    def end() -> int:
        sizes = [len(f) for f in forms if f and len(f) < len(words) and words[-len(f) :] == f]
        return max(sizes, default=0)

    while size := end():
        words = words[:-size]
        if len(words) > 1 and words[-1] == "and":
            words = words[:-1]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(words) or None


def _mapped(values: pl.Series, function: Callable[[str], str | None]) -> pl.Series:
    unique = values.drop_nulls().unique(maintain_order=True)
    new = pl.Series([function(value) for value in unique.to_list()], dtype=pl.String)
    if unique.is_empty():
        return pl.Series(values.name, [None] * len(values), dtype=pl.String)
    return values.replace_strict(unique, new, default=None, return_dtype=pl.String)


def domains(values: pl.Series, public_domains: Collection[str]) -> pl.Series:
    """`normalised_domain` of every value, computed once for each distinct one."""
    return _mapped(values, lambda value: normalised_domain(value, public_domains))


def email_domains(values: pl.Series, public_domains: Collection[str]) -> pl.Series:
    """`email_domain` of every value, computed once for each distinct one."""
    return _mapped(values, lambda value: email_domain(value, public_domains))


def emails(values: pl.Series) -> pl.Series:
    """`normalised_email` of every value, computed once for each distinct one."""
    return _mapped(values, normalised_email)


def names(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """`normalised_name` of every value, computed once for each distinct one."""
    forms = _forms(legal_suffixes)
    return _mapped(values, lambda value: _name(_tokens(value), forms))
