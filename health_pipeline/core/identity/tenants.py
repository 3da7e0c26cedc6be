"""Pages and hosts that a company lends to others: etsy.com/shop/acme, acme.hubspot.com."""

from __future__ import annotations

import re
from collections.abc import Collection

import polars as pl

from health_pipeline.core.identity.public_hosts import SERVICES, tenanted

_LANGUAGES = (
    "ar|bg|cs|da|de|el|en|es|et|fi|fr|he|hi|hr|hu|id|it|ja|ko|lt|lv|nb|nl|no|pl|pt|ro|ru|sk|sl"
    "|sr|sv|th|tr|uk|vi|zh|us|gb|eu|int|global"
)
_OWN = (
    r"(?:index|default|home|homepage|main|start|welcome|about|about-?us|company|contact|contact-?us"
    r"|impressum|imprint|legal|privacy|login|signin|pricing)(?:\.[a-z]{2,5})?"
)
_BEFORE = r"^(?:(?:[a-z][a-z0-9+.-]*:)?//)?[^/?#\\]*"
_OPENING = rf"{_BEFORE}(?:[/\\]+(?:(?:{_LANGUAGES})(?:[-_][a-z]{{2,4}})?|{_OWN}))*[/\\]*(?:[?#]|$)"
_BEHIND = r"[?#].*$"
_opening = re.compile(_OPENING)


def has_page(text: str) -> bool:
    """Whether a URL (lower case, no blanks around) names a page that may be somebody's.

    The home page, one in a language, about and contact are the host's own.
    """
    return _opening.match(text) is None


def with_page(texts: pl.Series) -> pl.Series:
    """`has_page` of every value."""
    return ~texts.str.contains(_OPENING)


def pages(texts: pl.Series) -> pl.Series:
    """The pages of lower-case URLs for which `has_page`, without query."""
    rest = texts.str.replace(_BEFORE, "").str.replace(_BEHIND, "")
    return rest.str.strip_chars("/\\")


def tenant(text: str, host: str, key: str, public: Collection[str]) -> str:
    """Why a key is another one's than the host's owner's; empty where it is the owner's.

    Args:
        text: the URL, lower case.
        host: its host, without www.
        key: the registrable part of it.
        public: `public_hosts`.
    """
    known = tenanted(frozenset(public))
    if key in known.pages and has_page(text):
        return f"a page on {key}, which may be anybody's"
    if key in known.below and host != key and host.removesuffix(f".{key}") not in SERVICES:
        return f"a host that {key} lends to a customer"
    return ""


def without_tenants(
    keys: pl.Series, hosts: pl.Series, texts: pl.Series, public: Collection[str]
) -> pl.Series:
    """`keys` less those for which `tenant` tells a reason."""
    known = tenanted(frozenset(public))
    names = pl.Series(sorted(known.pages | known.below), dtype=pl.String)
    rows = keys.is_in(names.implode()).fill_null(value=False).arg_true()
    if rows.is_empty():
        return keys
    near = pl.DataFrame({"key": keys.gather(rows), "host": hosts.gather(rows)})
    near = near.with_columns(with_page(texts.gather(rows)).alias("paged"))
    label = pl.col("host").str.strip_suffix(pl.concat_str(pl.lit("."), "key"))
    lent = pl.col("key").is_in(sorted(known.below)) & ~label.is_in(SERVICES)
    paged = pl.col("key").is_in(sorted(known.pages)) & pl.col("paged")
    others = near.select(paged | (lent & (pl.col("host") != pl.col("key")))).to_series()
    return keys.scatter(rows.filter(others), None)
