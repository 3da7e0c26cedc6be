"""SSO claims of users as a key of the account record that they belong to (R24)."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.identity.columns import once_each
from health_pipeline.core.identity.landed import RECORD, optional
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.public_hosts import public_hosts
from health_pipeline.core.identity.standardise import domains
from health_pipeline.core.identity.told import Claim, claim


def claimed(claims: pl.Expr) -> pl.Expr:
    """The domain in SSO claims, as written; null where a second @ leaves open which is meant."""
    one_host = claims.str.count_matches("@", literal=True) < 2
    return pl.when(one_host).then(claims.str.split("@").list.last())


def sso_claims(
    users: pl.DataFrame, records: pl.DataFrame, own: pl.DataFrame, rules: IdentityRules
) -> Claim:
    """The SSO domain of a record's users, where it can mean nothing but the record's company.

    A guest, an agency or our own staff log in with an SSO of their own, so three things make it no
    key: the users of the record name several domains; the record shows another domain of its own;
    several records of one source have the same SSO domain.

    Args:
        users: landed users, all versions.
        records: `account_records`.
        own: rec, value: the domains that records show themselves.
        rules: public domains.
    """
    told = _told(users, rules).join(records.select(*RECORD, "rec"), on=RECORD)
    owned = own.select("rec", pl.col("value").alias("key")).unique()
    told = told.join(owned.select("rec", owns=pl.lit(value=True)).unique(), on="rec", how="left")
    told = told.join(owned.with_columns(same=pl.lit(value=True)), on=["rec", "key"], how="left")
    why = (
        pl.when(pl.col("key").n_unique().over("rec") > 1)
        .then(pl.lit("users of this record have SSO claims of several domains"))
        .when(pl.col("owns") & pl.col("same").is_null())
        .then(pl.lit("the record shows another domain than its users' SSO claims"))
        .when(pl.col("rec").n_unique().over("source", "key") > 1)
        .then(pl.lit("the same SSO domain on several records of this source"))
    )
    return claim("sso_claim", told.with_columns(why.alias("why")))


def _told(users: pl.DataFrame, rules: IdentityRules) -> pl.DataFrame:
    """source, source_account_id, key, written, known_at: SSO domains of users that tell a record.

    A claim is an address or a domain; an opaque one says nothing about a company.
    """
    text = pl.String()
    columns = (optional(users, name, text) for name in ("source_account_id", "sso_domain"))
    claim_domain = claimed(optional(users, "sso_claim", text)).alias("sso_claim")
    rows = users.select("source", "known_at", *columns, claim_domain)
    both = pl.concat(
        [
            rows.select(*RECORD, "known_at", pl.col(name).alias("written"))
            for name in ("sso_domain", "sso_claim")
        ]
    ).drop_nulls()
    first = both.group_by(*RECORD, "written").agg(pl.col("known_at").min())
    public = public_hosts(rules)
    key = once_each(first["written"], lambda values: domains(values, public))
    return first.with_columns(key.alias("key")).drop_nulls("key")
