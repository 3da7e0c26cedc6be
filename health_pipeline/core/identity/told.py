"""What account records and their links tell of themselves: domains, names, other systems' ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from health_pipeline.core.identity.columns import both_once_each, coded
from health_pipeline.core.identity.landed import account_ids_of_links, optional
from health_pipeline.core.identity.legal_names import read_name, read_names
from health_pipeline.core.identity.params import IdentityRules, Rule
from health_pipeline.core.identity.public_hosts import public_hosts
from health_pipeline.core.identity.shared_hosts import shared_host
from health_pipeline.core.identity.standardise import (
    disguised_host,
    domains,
    is_plain,
    read_domain,
)

IGNORED = {"rec": pl.Int64, "value": pl.String, "why": pl.String}
WITHHELD = {"rec": pl.Int64, "value": pl.String}


@dataclass(frozen=True, slots=True)
class Claim:
    """The keys of one rule, and what gives none.

    Attributes:
        keys: rec, known_at, scope, value; further columns where they are known, which spare work:
            code (`columns.coded`), far (`records.Numbered`).
        ignored: `IGNORED`.
        withheld: rec, value: keys in form, taken away by what is known of other records.
    """

    rule: Rule | Literal["disguised_domain"]
    keys: pl.DataFrame
    ignored: pl.DataFrame
    withheld: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=WITHHELD))


def claim(rule: Rule, told: pl.DataFrame, reason: Callable[[str], str] | None = None) -> Claim:
    """The claims of `told`: rec, known_at, written, key; optional why (then it is no key).

    Args:
        rule: the rule that the keys belong to.
        told: one row for each written value; code, where it is known, goes with the key.
        reason: why a written value without key and why gives none; empty: not worth telling.
    """
    why = pl.lit(None, pl.String) if "why" not in told.columns else pl.col("why")
    told = told.with_columns(why.alias("why"))
    is_key = pl.col("key").is_not_null() & pl.col("why").is_null()
    code = [name for name in ("code",) if name in told.columns]
    read = told.select("rec", "known_at", *code, pl.lit("").alias("scope"), value="key")
    keys = read.filter(told.select(is_key).to_series())
    rest = told.filter(~is_key & pl.col("written").is_not_null())
    if reason is not None and rest["why"].null_count():
        open_ = rest.filter(pl.col("why").is_null())["written"].unique()
        whys = pl.Series([reason(value) for value in open_.to_list()], dtype=pl.String)
        rest = rest.with_columns(
            pl.col("why").fill_null(pl.col("written").replace_strict(open_, whys, default=None))
        )
    ignored = rest.filter(pl.col("why").fill_null("") != "").select("rec", "why", value="written")
    withheld = told.filter(pl.col("key").is_not_null() & pl.col("why").is_not_null())
    return Claim(
        rule,
        keys,
        ignored.select(*IGNORED).unique(),
        withheld.select("rec", pl.col("key").alias("value")),
    )


def claims_of_accounts(accounts: pl.DataFrame, rules: IdentityRules) -> list[Claim]:
    """Domains and names of `accounts` (with rec)."""
    told = []
    if "domain" in accounts.columns:
        told += _domains_of_accounts(accounts, rules)
    if "name" in accounts.columns:
        told += _names_of_accounts(accounts, rules)
    return told


def _domains_of_accounts(accounts: pl.DataFrame, rules: IdentityRules) -> list[Claim]:
    verified = optional(accounts, "domain_verified", pl.Boolean())
    read = accounts.select("source", "rec", "known_at", verified, written="domain")
    rows = _with_domains(read, rules)
    # An explicit "not verified" is somebody's typing, not evidence; null says nothing.
    doubted = pl.col("domain_verified").eq_missing(other=False) & pl.col("key").is_not_null()
    doubt = pl.lit("the source says that this domain is not verified")
    rows = rows.with_columns(pl.when(doubted).then(doubt).otherwise("why").alias("why"))
    known = rows.filter("domain_verified")
    proven = claim("verified_domain", known)
    return [
        Claim("verified_domain", proven.keys, proven.ignored.clear()),
        _disguised(rows),
        claim("domain", rows, lambda value: read_domain(value, public_hosts(rules)).why),
    ]


def _disguised(rows: pl.DataFrame) -> Claim:
    """Domains that look like another one: they say that the record is not that other one."""
    doubtful = rows.filter(pl.col("key").is_null()).filter(
        ~is_plain(pl.col("written").str.to_lowercase())
    )
    texts = doubtful["written"].unique()
    found = [disguised_host(text) for text in texts.to_list()]
    hosts = pl.DataFrame({"written": texts, "value": pl.Series(found, dtype=pl.String)})
    keys = doubtful.join(hosts.drop_nulls(), on="written").select(
        "rec", "known_at", pl.lit("").alias("scope"), "value"
    )
    return Claim("disguised_domain", keys, pl.DataFrame(schema=IGNORED))


def _with_domains(rows: pl.DataFrame, rules: IdentityRules) -> pl.DataFrame:
    """source, rec, known_at, written, key, why (of a shared host), domain_verified?."""
    told = rows.filter(pl.col("written").is_not_null())
    public = public_hosts(rules)
    key, code = coded(told["written"], lambda values: domains(values, public))
    found = told.with_columns(key.alias("key"))
    if code is not None:
        found = found.with_columns(code.alias("code"))
    return found.with_columns(shared_host(found).alias("why"))


def _names_of_accounts(accounts: pl.DataFrame, rules: IdentityRules) -> list[Claim]:
    region = optional(accounts, "region", pl.String()).str.strip_chars().str.to_lowercase()
    rows = accounts.select("rec", "known_at", region.alias("region"), written="name")
    suffixes = rules.legal_suffixes
    key, other = both_once_each(rows["written"], lambda values: read_names(values, suffixes))
    rows = rows.with_columns(key.alias("key"))
    placed = rows.filter(pl.col("region") != "").with_columns(
        pl.concat_str("key", pl.lit(" in "), "region").alias("key")
    )
    others = _other_names(rows, other)
    plain = claim("name", rows, lambda value: read_name(value, rules.legal_suffixes).why)
    return [claim("name_region", placed), plain, others]


def _other_names(rows: pl.DataFrame, other: pl.Series) -> Claim:
    """A former or trading name is a key of the weakest rule only."""
    told = other.is_not_null()
    return claim("name", rows.with_columns(other.alias("key")).filter(told))


def claims_of_links(links: pl.DataFrame, rules: IdentityRules) -> list[Claim]:
    """Foreign keys, further domains and names of `account_links` (with rec)."""
    rows = links.with_columns(pl.col("value").alias("written"))
    further = _with_domains(rows.filter(pl.col("kind") == "domain"), rules)
    aliases = rows.filter(pl.col("kind") == "alias")
    key, other = read_names(aliases["written"], rules.legal_suffixes)
    foreign = account_ids_of_links(links, "rec", "far")
    return [
        Claim(
            "foreign_key",
            foreign.select(
                "rec", "known_at", pl.col("linked_source").alias("scope"), "value", "far"
            ),
            pl.DataFrame(schema=IGNORED),
        ),
        claim("domain", further, lambda value: read_domain(value, public_hosts(rules)).why),
        _disguised(further),
        claim(
            "name",
            aliases.with_columns(key.alias("key")),
            lambda value: read_name(value, rules.legal_suffixes).why,
        ),
        _other_names(aliases, other),
    ]
