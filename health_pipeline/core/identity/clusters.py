"""Which account records are one account: union-find over exact keys, in order of trust."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

import polars as pl

from health_pipeline.core.identity.params import IdentityRules

Holder = tuple[int, datetime]
"""A record that carries a key, and since when."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """Two records share a key; `trust` is the place of the rule in the order of rules."""

    trust: int
    known_at: datetime
    rule: str
    evidence: str
    left: int
    right: int


@dataclass(frozen=True, slots=True, order=True)
class Doubt:
    """Two records that may be one account, and why that is not decided."""

    left: int
    right: int
    why: str


class Forest:
    """Disjoint sets of records; the least record stands for its set."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, rec: int) -> int:
        """The least record of the set of `rec`."""
        while self._parent[rec] != rec:
            self._parent[rec] = self._parent[self._parent[rec]]
            rec = self._parent[rec]
        return rec

    def join(self, left: int, right: int) -> None:
        """Make the sets of both records one."""
        low, high = sorted((self.find(left), self.find(right)))
        self._parent[high] = low

    def sets(self) -> list[list[int]]:
        """All sets, members ascending, in order of their least record."""
        members: dict[int, list[int]] = {}
        for rec in range(len(self._parent)):
            members.setdefault(self.find(rec), []).append(rec)
        return list(members.values())


@dataclass(slots=True)
class Clusters:
    """The sets of records, the links that made them, and the pairs left undecided."""

    forest: Forest
    links: list[Link] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


def _groups(keys: pl.DataFrame, rule: str) -> list[tuple[str, list[Holder]]]:
    """(evidence, holders) of every key of `rule` that at least two records carry."""
    label = "account_id" if rule == "foreign_key" else rule
    rows = keys.filter(
        (pl.col("rule") == rule) & (pl.len().over("rule", "scope", "value") > 1)
    ).iter_rows(named=True)
    found = []
    for (scope, value), group in groupby(rows, key=lambda row: (row["scope"], row["value"])):
        evidence = f"{label}={scope}:{value}" if scope else f"{label}={value}"
        found.append((evidence, [(row["rec"], row["known_at"]) for row in group]))
    return found


def _join_all(
    clusters: Clusters, trust: int, rule: str, evidence: str, holders: list[Holder]
) -> None:
    """Link every holder to the one that carried the key first."""
    hub, since = holders[0]
    for rec, known_at in holders[1:]:
        clusters.links.append(Link(trust, max(since, known_at), rule, evidence, hub, rec))
        clusters.forest.join(hub, rec)


class _NameJudge:
    """Decides whether records with the same name are one account.

    A name alone links only records of different sources, and never two that show different
    domains; where it could mean two accounts it links none and leaves the pairs to a person.
    """

    def __init__(self, clusters: Clusters, keys: pl.DataFrame, sources: list[str]) -> None:
        self.clusters = clusters
        self.sources = sources
        self.domains: dict[int, set[str]] = {}
        for rec, value in keys.filter(pl.col("rule") == "domain").select("rec", "value").rows():
            self.domains.setdefault(clusters.forest.find(rec), set()).add(value)

    def objection(self, recs: Iterable[int]) -> str | None:
        """Why these records of one name are not one account; None when they are."""
        find = self.clusters.forest.find
        seen = {(find(rec), self.sources[rec]) for rec in recs}
        accounts = {root for root, _ in seen}
        shown = [self.domains[root] for root in accounts if self.domains.get(root)]
        if shown and not set.intersection(*shown):
            return "same name, different domains"
        for source in sorted({source for _, source in seen}):
            if sum(source == other for _, other in seen) > 1:
                return f"same name on several records of {source}"
        return None

    def judge(self, trust: int, evidence: str, holders: list[Holder]) -> None:
        """Link the holders of one name, or note the pairs in doubt."""
        find = self.clusters.forest.find
        first = {find(rec): rec for rec, _ in reversed(holders)}
        if len(first) < 2:
            return
        if why := self.objection(rec for rec, _ in holders):
            hub, *others = sorted(first.values())
            self.clusters.doubts += [Doubt(hub, other, f"{why}: {evidence}") for other in others]
            return
        shown = set().union(*(self.domains.get(root, set()) for root in first))
        _join_all(self.clusters, trust, "name", evidence, holders)
        self.domains[find(holders[0][0])] = shown


def clusters_of(records: pl.DataFrame, keys: pl.DataFrame, rules: IdentityRules) -> Clusters:
    """Join records by `rules.rules`, in that order.

    Args:
        records: `account_records`.
        keys: `account_keys`.
        rules: which rules, in which order.
    """
    clusters = Clusters(Forest(records.height))
    for trust, rule in enumerate(rules.rules):
        groups = _groups(keys, rule)
        if rule == "name":
            judge = _NameJudge(clusters, keys, records["source"].to_list())
            # Names that met first are decided first, so that later records rarely undo a link.
            for evidence, holders in sorted(groups, key=lambda g: (g[1][1][1], g[0])):
                judge.judge(trust, evidence, holders)
        else:
            for evidence, holders in groups:
                _join_all(clusters, trust, rule, evidence, holders)
    return clusters


def known_to_belong(
    records: pl.DataFrame, links: list[Link], roots: Iterable[int]
) -> list[datetime]:
    """Since when each record is known to belong to its account.

    A record belongs as soon as a chain of known links leads to one of `roots` (the anchor, and
    every record whose id was ever published); roots belong from their own first day.
    """
    known: list[datetime] = records["known_at"].to_list()
    rooted = set(roots)
    forest = Forest(len(known))
    members = {rec: [rec] for rec in range(len(known))}
    for link in sorted(links, key=lambda link: link.known_at):
        left, right = forest.find(link.left), forest.find(link.right)
        if left == right:
            continue
        if (left in rooted) != (right in rooted):
            for rec in members[right if left in rooted else left]:
                known[rec] = max(known[rec], link.known_at)
        forest.join(left, right)
        root, gone = sorted((left, right))
        members[root] += members.pop(gone)
        if gone in rooted:
            rooted.add(root)
    return known
