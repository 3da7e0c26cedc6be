"""Clusters as the docs say it, one link after the other: what the vectorised code must equal."""

from __future__ import annotations

from itertools import groupby

import polars as pl

JUDGED = ("name_region", "name")
SHOWN = ("verified_domain", "domain")


class Sets:
    """Disjoint sets; the least record stands for its set."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def find(self, rec: int) -> int:
        while self.parent[rec] != rec:
            rec = self.parent[rec]
        return rec

    def join(self, left: int, right: int) -> None:
        low, high = sorted((self.find(left), self.find(right)))
        self.parent[high] = low


def groups(keys: pl.DataFrame, rule: str):
    """(scope, value), holders of each key that at least two records carry."""
    rows = keys.filter(pl.col("rule") == rule).iter_rows(named=True)
    for key, group in groupby(rows, key=lambda row: (row["scope"], row["value"])):
        holders = [(row["rec"], row["known_at"]) for row in group]
        if len(holders) > 1:
            yield key, holders


def undisputed(key, holders, names, sets):
    """Without the claims of a system that names this record on several of its accounts."""
    by: dict[str, list[int]] = {}
    for rec, _ in holders:
        if names[rec] != key and names[rec][0] != key[0]:
            by.setdefault(names[rec][0], []).append(rec)
    out = {r for recs in by.values() if len({sets.find(r) for r in recs}) > 1 for r in recs}
    return [holder for holder in holders if holder[0] not in out]


def objection(holders, names, domains, sets):
    seen = {(sets.find(rec), names[rec][0]) for rec, _ in holders}
    roots = {root for root, _ in seen}
    shown = [domains[root] for root in roots if domains.get(root)]
    if shown and not set.intersection(*shown):
        return True
    return len({source for _, source in seen}) < len(seen)


def domains_of(keys: pl.DataFrame, sets: Sets) -> dict[int, set[str]]:
    """The domains that each set shows now."""
    found: dict[int, set[str]] = {}
    shown = keys.filter(pl.col("rule").is_in(SHOWN)).select("rec", "value")
    for rec, value in shown.iter_rows():
        found.setdefault(sets.find(rec), set()).add(value)
    return found


def plain_clusters(records: pl.DataFrame, keys: pl.DataFrame, rules) -> list[int]:
    """For each record the least record of its set."""
    names = list(records.select("source", "source_account_id").iter_rows())
    sets = Sets(len(names))
    for rule in rules.rules:
        found = list(groups(keys, rule))
        if rule == "foreign_key":
            found = [(key, undisputed(key, holders, names, sets)) for key, holders in found]
        if rule in JUDGED:
            found.sort(key=lambda one: (one[1][1][1], one[0]))
        for _, holders in found:
            if rule in JUDGED and objection(holders, names, domains_of(keys, sets), sets):
                continue
            for rec, _ in holders[1:]:
                sets.join(holders[0][0], rec)
    return [sets.find(rec) for rec in range(len(names))]
