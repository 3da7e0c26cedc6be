"""One account id for the records of all systems, each link with its rule and evidence (R22)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from health_pipeline.core.identity.clusters import Clusters, clusters_of, take_likely
from health_pipeline.core.identity.decisions import NO_DECISIONS
from health_pipeline.core.identity.ids import GivenIds, give_ids
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.public_hosts import public_hosts
from health_pipeline.core.identity.records import (
    WITHHELD,
    Numbered,
    key_evidence,
    numbered_records,
    optional,
    table_of,
)
from health_pipeline.core.identity.undecided import Trained, undecided
from health_pipeline.core.identity.users import (
    CONFLICT_COLUMNS,
    LINK_COLUMNS,
    UserLinks,
    user_links,
)
from health_pipeline.core.identity.xref import review_of, xref_of
from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.results import RESULT_TABLES

REGISTRY_COLUMNS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "source_account_id": pl.String(),
    "account_id": pl.String(),
    "published_at": TIMESTAMP,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is who, as far as keys, likeness and people tell.

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


@dataclass(frozen=True, slots=True)
class Accounts:
    """Which account each record is, and everything that says so.

    Attributes:
        records, keys, ignored: `account_records`, `account_keys`, `ignored_keys`.
        clusters: sets, links and doubts.
        given: ids.
        xref: rec, and the columns of `account_xref`.
        withheld: `KeyEvidence.withheld`.
    """

    records: pl.DataFrame
    keys: pl.DataFrame
    ignored: pl.DataFrame
    clusters: Clusters
    given: GivenIds
    xref: pl.DataFrame
    withheld: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=WITHHELD))

    @property
    def review(self) -> pl.DataFrame:
        """`identity_review`."""
        return review_of(self.clusters, self.records, self.xref)


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
    by_domain: pl.DataFrame | None,
    rules: IdentityRules,
) -> UserLinks:
    users = table_of(landed, "users")
    if users is None or by_domain is None:
        unresolved = RESULT_TABLES["unresolved"].empty()
        return UserLinks(
            pl.DataFrame(schema=LINK_COLUMNS), pl.DataFrame(schema=CONFLICT_COLUMNS), unresolved
        )
    return user_links(users, xref, by_domain, rules)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a resolution of accounts gives, without the records and keys that it came from.

    Attributes:
        account_xref, review: `RESULT_TABLES` shapes.
        aliases, registry_new: as of `Identity`.
        by_domain: domain, account_id, linked_at: where a domain means one account; None where
            nobody asks, there being no users.
    """

    account_xref: pl.DataFrame
    review: pl.DataFrame
    aliases: pl.DataFrame
    registry_new: pl.DataFrame
    by_domain: pl.DataFrame | None


def resolved(landed: Mapping[str, pl.DataFrame], found: Accounts) -> Resolved:
    """What `found` gives."""
    new = found.given.new.with_columns(pl.lit(None).alias("published_at"))
    has_users = table_of(landed, "users") is not None
    return Resolved(
        RESULT_TABLES["account_xref"].conform(_by_record(found.xref)),
        found.review,
        found.given.aliases,
        new.select(pl.col(name).cast(t) for name, t in REGISTRY_COLUMNS.items()),
        _by_domain(found.keys, found.xref) if has_users else None,
    )


def _by_record(xref: pl.DataFrame) -> pl.DataFrame:
    """Sorted by source and id; there are few sources, and one text sorts faster than two do."""
    parts = {str(key[0]): part for key, part in xref.partition_by("source", as_dict=True).items()}
    sorted_ = [parts[source].sort("source_account_id") for source in sorted(parts)]
    return pl.concat([xref.clear(), *sorted_])


def identity_of(
    landed: Mapping[str, pl.DataFrame], rules: IdentityRules, accounts: Resolved
) -> Identity:
    """The whole of identity, once accounts are resolved: users, and what nobody claims."""
    users = _users(landed, accounts.account_xref, accounts.by_domain, rules)
    last_links = users.links.unique(["source", "source_user_id"], keep="last", maintain_order=True)
    unresolved = RESULT_TABLES["unresolved"]
    return Identity(
        account_xref=accounts.account_xref,
        user_xref=RESULT_TABLES["user_xref"].conform(last_links),
        user_links=users.links,
        conflicts=users.conflicts,
        review=accounts.review,
        unresolved=pl.concat(
            [unresolved.conform(users.unresolved), unresolved.conform(_unusable_links(landed))]
        ),
        aliases=accounts.aliases,
        registry_new=accounts.registry_new,
    )


def accounts_among(
    landed: Mapping[str, pl.DataFrame],
    numbered: Numbered,
    rules: IdentityRules,
    registry: pl.DataFrame,
    decisions: pl.DataFrame,
    trained: Trained | None = None,
) -> Accounts:
    """The accounts of some records, by what `landed` tells of them; see `resolve`."""
    told, records = key_evidence(landed, numbered, rules), numbered.records
    clusters = clusters_of(records, told.keys, rules, decisions)
    if rules.likeness is not None:
        public = public_hosts(rules)
        likely = undecided(landed, records, told.keys, clusters, rules.likeness, public, trained)
        take_likely(clusters, records, likely, len(rules.rules))
    given = give_ids(clusters.labels, records, registry)
    xref = xref_of(records, clusters, given)
    return Accounts(records, told.keys, told.ignored, clusters, given, xref, told.withheld)


def accounts_of(
    landed: Mapping[str, pl.DataFrame],
    rules: IdentityRules,
    registry: pl.DataFrame,
    decisions: pl.DataFrame = NO_DECISIONS,
    trained: Trained | None = None,
) -> Accounts:
    """The accounts alone, without users; see `resolve`."""
    return accounts_among(landed, numbered_records(landed), rules, registry, decisions, trained)


def resolve(
    landed: Mapping[str, pl.DataFrame],
    rules: IdentityRules,
    registry: pl.DataFrame,
    decisions: pl.DataFrame = NO_DECISIONS,
    trained: Trained | None = None,
) -> Identity:
    """Resolve all landed records to accounts and users.

    A pure function of the rows, whatever their order: ids follow the least (known_at, source,
    source_account_id) of an account's records, unless the registry holds an id for one of them.

    Args:
        landed: contract tables with `known_at`, all versions. Where no `accounts` exist at all,
            ids of the other tables are the accounts; pass `events` then, reduced to the distinct
            (source, source_account_id, known_at) if it is large.
        rules: which exact keys link, in order of trust, and what likeness may do after them.
        registry: ids given before: source, source_account_id (of the anchor at that time),
            account_id, published_at (null = not published yet).
        decisions: `decisions.DECISION_SCHEMA`: what people merged and split.
        trained: probabilities by a trained model, for `likeness.engine: splink`; see `Trained`.
    """
    found = accounts_of(landed, rules, registry, decisions, trained)
    return identity_of(landed, rules, resolved(landed, found))
