"""One account id for the records of all systems, each link with its rule and evidence (R22)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from health_pipeline.core.identity.clusters import Clusters, Link, clusters_of, known_to_belong
from health_pipeline.core.identity.ids import GivenIds, give_ids
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.records import (
    RECORD,
    account_keys,
    account_records,
    optional,
    table_of,
)
from health_pipeline.core.identity.users import (
    CONFLICT_COLUMNS,
    LINK_COLUMNS,
    UserLinks,
    user_links,
)
from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.results import RESULT_TABLES

CONFIDENCE = {"anchor": 1.0, "foreign_key": 1.0, "domain": 0.98, "name": 0.9}

REGISTRY_COLUMNS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "source_account_id": pl.String(),
    "account_id": pl.String(),
    "published_at": TIMESTAMP,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is who, as far as exact keys tell.

    Attributes:
        account_xref, user_xref, review, unresolved: `RESULT_TABLES` shapes (review =
            identity_review; unresolved: users and account_links only, the rest is `attach`'s).
        user_links: source, source_user_id, account_id, user_id, rule, linked_at: every link that
            a user ever had, each in force until the next one; user_xref holds the last.
        conflicts: users whose email and source name different accounts: source, source_user_id,
            by_email, by_source, account_id (the one used).
        aliases: alias, account_id: published ids that now mean another account.
        registry_new: ids to add to the registry: source, source_account_id (of the anchor),
            account_id, published_at (null).
    """

    account_xref: pl.DataFrame
    user_xref: pl.DataFrame
    user_links: pl.DataFrame
    conflicts: pl.DataFrame
    review: pl.DataFrame
    unresolved: pl.DataFrame
    aliases: pl.DataFrame
    registry_new: pl.DataFrame


def _account_of(sets: list[list[int]], given: GivenIds) -> list[str]:
    by_rec = {
        rec: account_id
        for members, account_id in zip(sets, given.ids, strict=True)
        for rec in members
    }
    return [by_rec[rec] for rec in range(len(by_rec))]


def _first_links(links: list[Link]) -> dict[int, Link]:
    """For each record the link by the most trusted rule, of those the one known first."""
    first: dict[int, Link] = {}
    for link in sorted(links):
        first.setdefault(link.left, link)
        first.setdefault(link.right, link)
    return first


def _xref(
    records: pl.DataFrame,
    sets: list[list[int]],
    accounts: list[str],
    linked_at: list[datetime],
    links: list[Link],
) -> pl.DataFrame:
    first = _first_links(links)
    anchors = {members[0] for members in sets}
    rules = ["anchor" if rec in anchors else first[rec].rule for rec in range(len(accounts))]
    evidence = [
        "first known record" if rec in anchors else first[rec].evidence
        for rec in range(len(accounts))
    ]
    return records.select("rec", *RECORD).with_columns(
        pl.Series("account_id", accounts, dtype=pl.String),
        pl.Series("rule", rules, dtype=pl.String),
        pl.Series("evidence", evidence, dtype=pl.String),
        pl.Series("confidence", [CONFIDENCE[rule] for rule in rules], dtype=pl.Float64),
        pl.Series("linked_at", linked_at, dtype=TIMESTAMP),
    )


def _review(clusters: Clusters, records: pl.DataFrame, xref: pl.DataFrame) -> pl.DataFrame:
    table = RESULT_TABLES["identity_review"]
    find = clusters.forest.find
    open_doubts = sorted({d for d in clusters.doubts if find(d.left) != find(d.right)})
    side = records.select("rec", *RECORD, "name").join(xref.select("rec", "account_id"), on="rec")
    pairs = pl.DataFrame(
        [(d.left, d.right, d.why) for d in open_doubts],
        schema={"left": pl.Int64, "right": pl.Int64, "why": pl.String},
        orient="row",
    )
    for end in ("left", "right"):
        named = side.rename(
            {name: f"{end}_{name}" for name in (*RECORD, "account_id", "name")} | {"rec": end}
        )
        pairs = pairs.join(named, on=end)
    return table.conform(pairs.with_columns(pl.lit(None, pl.Float64).alias("probability")))


def _by_domain(keys: pl.DataFrame, xref: pl.DataFrame) -> pl.DataFrame:
    """Domain → account, where it means one: domain, account_id, linked_at."""
    return (
        keys.filter(pl.col("rule") == "domain")
        .join(xref.select("rec", "account_id", "linked_at"), on="rec")
        .group_by(pl.col("value").alias("domain"))
        .agg(
            pl.col("account_id").unique().alias("accounts"),
            pl.max_horizontal("known_at", "linked_at").min().alias("linked_at"),
        )
        .filter(pl.col("accounts").list.len() == 1)
        .select("domain", pl.col("accounts").list.first().alias("account_id"), "linked_at")
    )


def _unusable_links(landed: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    links = table_of(landed, "account_links")
    if links is None:
        return RESULT_TABLES["unresolved"].empty()
    return (
        links.with_columns(optional(links, "linked_source", pl.String()))
        .filter((pl.col("kind") == "account_id") & pl.col("linked_source").is_null())
        .group_by("source", pl.col("source_account_id").alias("key"))
        .agg(pl.len().cast(pl.Int64).alias("rows"))
        .with_columns(
            pl.lit("account_links").alias("table"),
            pl.lit("kind account_id without linked_source: whose id is it?").alias("why"),
        )
    )


def _users(
    landed: Mapping[str, pl.DataFrame],
    xref: pl.DataFrame,
    keys: pl.DataFrame,
    rules: IdentityRules,
) -> UserLinks:
    users = table_of(landed, "users")
    if users is None:
        unresolved = RESULT_TABLES["unresolved"].empty()
        return UserLinks(
            pl.DataFrame(schema=LINK_COLUMNS), pl.DataFrame(schema=CONFLICT_COLUMNS), unresolved
        )
    return user_links(users, xref, _by_domain(keys, xref), rules)


def resolve(
    landed: Mapping[str, pl.DataFrame], rules: IdentityRules, registry: pl.DataFrame
) -> Identity:
    """Resolve all landed records to accounts and users.

    A pure function of the rows, whatever their order: ids follow the least (known_at, source,
    source_account_id) of an account's records, unless the registry holds an id for one of them.

    Args:
        landed: contract tables with `known_at`, all versions. Where no `accounts` exist at all,
            ids of the other tables are the accounts; pass `events` then, reduced to the distinct
            (source, source_account_id, known_at) if it is large.
        rules: which exact keys link, in order of trust.
        registry: ids given before: source, source_account_id (of the anchor at that time),
            account_id, published_at (null = not published yet).
    """
    records = account_records(landed)
    keys = account_keys(landed, records, rules)
    clusters = clusters_of(records, keys, rules)
    sets = clusters.forest.sets()
    given = give_ids(sets, records, registry)
    roots = [members[0] for members in sets] + [rec for recs in given.registered for rec in recs]
    linked_at = known_to_belong(records, clusters.links, roots)
    xref = _xref(records, sets, _account_of(sets, given), linked_at, clusters.links)
    users = _users(landed, xref, keys, rules)
    last_links = users.links.unique(["source", "source_user_id"], keep="last", maintain_order=True)
    unresolved = RESULT_TABLES["unresolved"]
    new = [(*records.row(rec)[1:3], account_id, None) for rec, account_id in given.new]
    return Identity(
        account_xref=RESULT_TABLES["account_xref"].conform(xref),
        user_xref=RESULT_TABLES["user_xref"].conform(last_links),
        user_links=users.links,
        conflicts=users.conflicts,
        review=_review(clusters, records, xref),
        unresolved=pl.concat(
            [unresolved.conform(users.unresolved), unresolved.conform(_unusable_links(landed))]
        ),
        aliases=pl.DataFrame(
            sorted(given.aliases.items()),
            schema={"alias": pl.String, "account_id": pl.String},
            orient="row",
        ),
        registry_new=pl.DataFrame(new, schema=REGISTRY_COLUMNS, orient="row"),
    )
