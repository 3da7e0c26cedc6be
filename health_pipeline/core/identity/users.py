"""Which account a source user belongs to: verified email or SSO first, then the source (R24)."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from health_pipeline.core.identity.ids import user_id_of, user_id_of_email
from health_pipeline.core.identity.landed import RECORD, optional
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.public_hosts import public_hosts
from health_pipeline.core.identity.sso import claimed
from health_pipeline.core.identity.standardise import (
    domains,
    email_domains,
    emails,
    read_email,
)
from health_pipeline.core.schemas.columns import TIMESTAMP

USER = ("source", "source_user_id")

LINK_COLUMNS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "source_user_id": pl.String(),
    "account_id": pl.String(),
    "user_id": pl.String(),
    "rule": pl.String(),
    "linked_at": TIMESTAMP,
}
CONFLICT_COLUMNS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "source_user_id": pl.String(),
    "by_email": pl.String(),
    "by_source": pl.String(),
    "account_id": pl.String(),
}
_OPTIONAL: dict[str, pl.DataType] = {
    "source_account_id": pl.String(),
    "email": pl.String(),
    "email_verified": pl.Boolean(),
    "sso_domain": pl.String(),
    "sso_claim": pl.String(),
}
RULES = ("verified_email", "sso", "source_account", "email")
"""In order of trust. `email` is an address of which the source does not say whether it is
verified; one that it calls unverified links nobody."""


@dataclass(frozen=True, slots=True)
class UserLinks:
    """Every link that a source user ever had, in order of time, and what contradicts it."""

    links: pl.DataFrame
    conflicts: pl.DataFrame
    unresolved: pl.DataFrame


def _versions(users: pl.DataFrame, rules: IdentityRules) -> pl.DataFrame:
    """One row for each version of a user, with its keys standardised and its end.

    An address is taken as it stands: ann+news@ and ann@ are two people until somebody says more.
    """
    whole = users.select(
        *USER, "known_at", *(optional(users, name, dtype) for name, dtype in _OPTIONAL.items())
    ).unique()
    public = public_hosts(rules)
    claim = whole.select(claimed(pl.col("sso_claim"))).to_series()
    return (
        whole.with_columns(
            emails(whole["email"]).alias("address"),
            email_domains(whole["email"], public).alias("email_domain"),
            domains(whole["sso_domain"], public).alias("sso_domain"),
            domains(claim, public).alias("claim_domain"),
        )
        .sort(*USER, "known_at", *_OPTIONAL)
        .with_columns(pl.col("known_at").shift(-1).over(USER).alias("until"))
    )


def _candidates(
    versions: pl.DataFrame, by_domain: pl.DataFrame, account_xref: pl.DataFrame
) -> pl.DataFrame:
    """All links that a version's keys offer, each from when both sides were known."""
    verified = pl.col("email_verified")
    by_source = account_xref.select(*RECORD, "account_id", "linked_at")

    def offer(rule: str, key: str, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.join(by_domain.rename({"domain": key}), on=key).with_columns(
            pl.lit(rule).alias("rule")
        )

    offers = [
        offer("verified_email", "email_domain", versions.filter(verified)),
        offer("sso", "sso_domain", versions),
        offer("sso", "claim_domain", versions),
        versions.join(by_source, on=RECORD).with_columns(pl.lit("source_account").alias("rule")),
        offer("email", "email_domain", versions.filter(verified.is_null())),
    ]
    kept = [*USER, "known_at", "until", "account_id", "rule", "linked_at"]
    trust = pl.col("rule").replace_strict(RULES, range(len(RULES)), return_dtype=pl.Int64)
    return (
        pl.concat([rows.select(kept) for rows in offers])
        .with_columns(pl.max_horizontal("known_at", "linked_at").alias("linked_at"))
        .with_columns(trust.alias("trust"))
        .filter(pl.col("until").is_null() | (pl.col("linked_at") < pl.col("until")))
    )


def _in_order_of_time(candidates: pl.DataFrame) -> pl.DataFrame:
    """The link in force from each moment on: the most trusted that was known by then."""
    version = [*USER, "known_at"]
    better = pl.col("trust") < pl.col("trust").cum_min().shift(1).over(version)
    return (
        candidates.sort(*version, "linked_at", "trust", "account_id")
        .filter(better.fill_null(value=True))
        .filter(
            pl.col("account_id").ne_missing(pl.col("account_id").shift(1).over(USER)),
        )
        .unique([*USER, "linked_at"], keep="last", maintain_order=True)
    )


def _user_ids(versions: pl.DataFrame) -> pl.DataFrame:
    """user_id of every source user: of its first known address, else of its own key."""
    first = versions.group_by(USER, maintain_order=True).agg(pl.col("address").drop_nulls().first())
    ids = [
        user_id_of_email(address) if address else user_id_of(source, key)
        for source, key, address in first.iter_rows()
    ]
    return first.select(USER).with_columns(pl.Series("user_id", ids, dtype=pl.String))


def _conflicts(candidates: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Users whose latest email or SSO claim names another account than their source does."""
    latest = candidates.filter(pl.col("until").is_null()).sort("trust", "linked_at", "account_id")
    by_source = pl.col("rule") == "source_account"
    sides = (
        latest.filter(pl.col("rule") != "email")
        .group_by(USER)
        .agg(
            pl.col("account_id").filter(~by_source).first().alias("by_email"),
            pl.col("account_id").filter(by_source).first().alias("by_source"),
        )
    )
    used = links.group_by(USER, maintain_order=True).agg(pl.col("account_id").last())
    return (
        sides.filter(pl.col("by_email") != pl.col("by_source"))
        .join(used, on=USER)
        .select(*CONFLICT_COLUMNS)
        .sort(USER)
    )


def _unresolved(users: pl.DataFrame, versions: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Users that no account claims, with the reason of their latest version."""
    named = pl.col("source_account_id").is_not_null()
    shown = pl.any_horizontal(pl.col("email_domain", "sso_domain", "claim_domain").is_not_null())
    broken = pl.col("email").is_not_null() & pl.col("address").is_null() & ~shown
    doubtful = claimed(pl.col("sso_claim")).is_null() & pl.col("sso_claim").is_not_null() & ~shown
    why = (
        pl.when(broken & ~named)
        .then(_broken_email(versions))
        .when(doubtful & ~named)
        .then(pl.lit("not an SSO claim: more than one @"))
        .when(pl.col("email_verified").not_() & named)
        .then(pl.lit("email is not verified, and no account claims source_account_id"))
        .when(pl.col("email_verified").not_())
        .then(pl.lit("email is not verified, and there is no source_account_id"))
        .when(shown)
        .then(pl.lit("no account has the domain of the email or SSO claim"))
        .when(named)
        .then(pl.lit("no account claims source_account_id"))
        .otherwise(pl.lit("neither a company email, an SSO claim nor a source_account_id"))
    )
    rows = users.group_by(USER).agg(pl.len().cast(pl.Int64).alias("rows"))
    return (
        versions.unique(USER, keep="last", maintain_order=True)
        .join(links, on=USER, how="anti")
        .join(rows, on=USER)
        .select(
            pl.lit("users").alias("table"),
            "source",
            pl.col("source_user_id").alias("key"),
            why.alias("why"),
            "rows",
        )
    )


def _broken_email(versions: pl.DataFrame) -> pl.Expr:
    """Why the text in `email` is no address."""
    texts = versions.filter(pl.col("address").is_null())["email"].drop_nulls().unique()
    whys = [read_email(text).why or "email is empty" for text in texts.to_list()]
    return pl.col("email").replace_strict(
        texts, pl.Series(whys, dtype=pl.String), default=None, return_dtype=pl.String
    )


def user_links(
    users: pl.DataFrame,
    account_xref: pl.DataFrame,
    by_domain: pl.DataFrame,
    rules: IdentityRules,
) -> UserLinks:
    """Every link of every source user, each from the moment it was known.

    Args:
        users: landed users, all versions.
        account_xref: source, source_account_id, account_id, linked_at.
        by_domain: domain, account_id, linked_at: one account a domain.
        rules: public domains; an address with one of them never links by its domain.
    """
    versions = _versions(users, rules)
    candidates = _candidates(versions, by_domain, account_xref)
    links = (
        _in_order_of_time(candidates)
        .join(_user_ids(versions), on=USER)
        .select(*LINK_COLUMNS)
        .sort(*USER, "linked_at")
    )
    return UserLinks(links, _conflicts(candidates, links), _unresolved(users, versions, links))
