"""Which account records are one account: sets joined by exact keys, in order of trust.

The sets are labels in an array and each rule joins all its records at once; only what a decision
of a person keeps apart is taken link by link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from health_pipeline.core.identity.claims import undisputed
from health_pipeline.core.identity.decisions import APART_SCHEMA, NO_DECISIONS, pairs_of
from health_pipeline.core.identity.forest import Bools, Forest, Ints, united
from health_pipeline.core.identity.names import judged
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.schemas.columns import TIMESTAMP

CONFIDENCE: Mapping[str, float] = {
    "anchor": 1.0,
    "manual": 1.0,
    "foreign_key": 1.0,
    "sso_claim": 0.99,
    "verified_domain": 0.99,
    "domain": 0.98,
    "name_region": 0.93,
    "name": 0.9,
}

JUDGED = ("name_region", "name")
"""Rules whose keys may mean several accounts."""

LINK_SCHEMA: dict[str, pl.DataType] = {
    "left": pl.Int64(),
    "right": pl.Int64(),
    "known_at": TIMESTAMP,
    "evidence": pl.String(),
    "rule": pl.String(),
    "trust": pl.Int32(),
    "confidence": pl.Float64(),
}
"""Two records share a key; `trust` is the place of the rule in the order of rules, -1: a person."""

DOUBT_SCHEMA: dict[str, pl.DataType] = {
    "left": pl.Int64(),
    "right": pl.Int64(),
    "why": pl.String(),
    "probability": pl.Float64(),
}
"""Two records that may be one account, and why that is not decided."""


@dataclass(slots=True)
class Clusters:
    """The sets of records, the links that made them, and the pairs left undecided.

    Attributes:
        labels: for each record the least record of its set.
        apart: left (the record split off), right, why: what people keep apart.
        links, doubts: `LINK_SCHEMA` and `DOUBT_SCHEMA`.
    """

    labels: Ints
    apart: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=APART_SCHEMA))
    links: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LINK_SCHEMA))
    doubts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DOUBT_SCHEMA))

    def foes(self) -> list[tuple[int, int, str]]:
        """`apart` by the labels of now."""
        left, right = (self.labels[self.apart[side].to_numpy()] for side in ("left", "right"))
        return list(zip(left.tolist(), right.tolist(), self.apart["why"].to_list(), strict=True))

    def doubt(self, doubts: pl.DataFrame) -> None:
        """Leave pairs to a person: left, right, why and, where it is known, probability."""
        if not doubts.is_empty():
            ends = (pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right"))
            doubts = doubts.with_columns(ends[0].alias("left"), ends[1].alias("right"))
            whole = pl.concat([self.doubts, doubts], how="diagonal_relaxed")
            self.doubts = whole.select(pl.col(name).cast(t) for name, t in DOUBT_SCHEMA.items())

    def take(self, links: pl.DataFrame) -> None:
        """Join the records of `links`, all of one rule, but for what a person keeps apart.

        Where `apart` has a say, links are taken by (known_at, evidence), those of a record that
        was split off last; one that would make two sets one that are kept apart is refused, and
        left to a person.
        """
        links = links.select(pl.col(name).cast(dtype) for name, dtype in LINK_SCHEMA.items())
        left, right = (links[side].to_numpy() for side in ("left", "right"))
        labels = united(self.labels, left, right)
        if disputed := self._violated(labels):
            touched = np.isin(labels[left], list(disputed))
            kept = self._one_by_one(links.filter(pl.Series(touched)))
            links = pl.concat([links.filter(pl.Series(~touched)), kept])
            left, right = (links[side].to_numpy() for side in ("left", "right"))
            labels = united(self.labels, left, right)
        self.labels, self.links = labels, pl.concat([self.links, links])

    def _violated(self, labels: Ints) -> set[int]:
        left, right = (labels[self.apart[side].to_numpy()] for side in ("left", "right"))
        return set(left[left == right].tolist())

    def _one_by_one(self, links: pl.DataFrame) -> pl.DataFrame:
        """Those of `links` that may be taken; the others become doubts."""
        forest = Forest(self.foes())
        off = self.apart["left"].implode()
        of_split = pl.col("left").is_in(off) | pl.col("right").is_in(off)
        ordered = links.sort(of_split, "known_at", "evidence", "left", "right")
        whys: list[str | None] = []
        for left, right in ordered.select("left", "right").iter_rows():
            one, other = int(self.labels[left]), int(self.labels[right])
            why = forest.kept_apart(one, other)
            if why is None:
                forest.join(one, other)
            whys.append(why)
        told = ordered.with_columns(pl.Series("why", whys, dtype=pl.String))
        refused = told.filter(pl.col("why").is_not_null())
        self.doubt(refused.select("left", "right", pl.format("{}: {}", "why", "evidence")))
        return told.filter(pl.col("why").is_null()).drop("why")


def of_rule(keys: pl.DataFrame, rule: str) -> pl.DataFrame:
    """The rows of `rule`, which stand together."""
    first, end = (keys["rule"].search_sorted(rule, side) for side in ("left", "right"))
    return keys.slice(first, end - first)


def _shared(keys: pl.DataFrame, off: Bools | None) -> pl.DataFrame:
    """Keys of one rule that at least two records carry: group, rec, known_at, scope, value.

    Rows of a group follow each other, whoever carried the key first before the others; records
    that a person split off come last.
    """
    part = keys.select("group", "rec", "known_at", "scope", "value")
    group = part["group"].to_numpy()
    shared = np.bincount(group)[group] > 1
    if not shared.all():
        part = part.filter(pl.Series(shared))
    if off is not None:
        part = part.with_columns(pl.Series("off", off[part["rec"].to_numpy()])).sort(
            "scope", "value", "off", "known_at", "rec"
        )
    return part.drop("off", strict=False)


def star(part: pl.DataFrame, rule: str, trust: int) -> pl.DataFrame:
    """`LINK_SCHEMA` from the first record of each group to every other one of it."""
    label = "account_id" if rule == "foreign_key" else rule
    group = part["group"].to_numpy()
    first = np.diff(group, prepend=group[:1] - 1) != 0
    others, hub = np.flatnonzero(~first), np.flatnonzero(first)
    hub_of = (np.cumsum(first) - 1)[others]
    said = pl.concat_str(pl.lit(f"{label}="), "value").alias("evidence")
    scoped = pl.concat_str(pl.lit(f"{label}="), "scope", pl.lit(":"), "value")
    hubs = part[hub].select("rec", "known_at", "scope", "value")
    if (hubs["scope"] != "").any():
        said = pl.when(pl.col("scope") == "").then(said).otherwise(scoped).alias("evidence")
    # Texts are put together once for each group.
    left = hubs.select(pl.col("rec").alias("left"), pl.col("known_at").alias("since"), said)[hub_of]
    rows = part.select(pl.col("rec").alias("right"), "known_at")[others]
    return pl.concat([left, rows], how="horizontal").select(
        "left",
        "right",
        pl.max_horizontal("since", "known_at").alias("known_at"),
        "evidence",
        pl.lit(rule).alias("rule"),
        pl.lit(trust, pl.Int32).alias("trust"),
        pl.lit(CONFIDENCE[rule]).alias("confidence"),
    )


def take_likely(
    clusters: Clusters, records: pl.DataFrame, likely: pl.DataFrame, trust: int
) -> None:
    """Join and doubt by likeness: left, right (rec), probability, why, link."""
    known = [pl.Series(records["known_at"].gather(likely[side])) for side in ("left", "right")]
    rows = likely.with_columns(known[0].alias("l"), known[1].alias("r"))
    clusters.take(
        rows.filter("link").select(
            "left",
            "right",
            pl.max_horizontal("l", "r").alias("known_at"),
            pl.col("why").alias("evidence"),
            pl.lit("likeness").alias("rule"),
            pl.lit(trust).alias("trust"),
            pl.col("probability").alias("confidence"),
        )
    )
    clusters.doubt(rows.filter(~pl.col("link")).select(*DOUBT_SCHEMA))


def clusters_of(
    records: pl.DataFrame,
    keys: pl.DataFrame,
    rules: IdentityRules,
    decisions: pl.DataFrame = NO_DECISIONS,
) -> Clusters:
    """Join records by what people decided, then by `rules.rules`, in that order.

    Args:
        records: `account_records`.
        keys: `account_keys`.
        rules: which rules, in which order.
        decisions: `DECISION_SCHEMA`.
    """
    must, apart = pairs_of(decisions, records)
    clusters = Clusters(np.arange(records.height, dtype=np.int64), apart)
    clusters.take(must)
    off = None
    if not apart.is_empty():
        off = np.zeros(records.height, dtype=np.bool_)
        off[apart["left"].to_numpy()] = True
    for trust, rule in enumerate(rules.rules):
        of_this = of_rule(keys, rule)
        if of_this.is_empty():
            continue
        part = _shared(of_this, off)
        if rule == "foreign_key":
            part, doubts = undisputed(part, records, clusters.labels, apart)
            clusters.doubt(doubts)
        elif rule in JUDGED:
            part, doubts = judged(part, rule, records, keys, clusters.labels, clusters.foes())
            clusters.doubt(doubts)
        clusters.take(star(part, rule, trust))
    return clusters
