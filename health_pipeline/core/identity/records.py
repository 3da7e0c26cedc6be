"""The source records that claim to be an account, and the exact keys that they carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from health_pipeline.core.identity.landed import (
    RECORD,
    account_ids_of_links,
    optional,
    table_of,
    with_rec,
)
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.sso import sso_claims
from health_pipeline.core.identity.told import IGNORED, Claim, claims_of_accounts, claims_of_links
from health_pipeline.core.schemas.columns import TIMESTAMP

__all__ = [
    "RECORD",
    "WITHHELD",
    "KeyEvidence",
    "account_ids_of_links",
    "account_keys",
    "account_records",
    "claims_of",
    "ignored_keys",
    "key_evidence",
    "optional",
    "table_of",
]

_RECORDS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "source_account_id": pl.String(),
    "name": pl.String(),
    "known_at": TIMESTAMP,
}
_KEYS: dict[str, pl.DataType] = {
    "rule": pl.String(),
    "scope": pl.String(),
    "value": pl.String(),
    "rec": pl.Int64(),
    "known_at": TIMESTAMP,
}
_SAID: dict[str, pl.DataType] = {"value": pl.String(), "why": pl.String()}
WITHHELD = {"rule": pl.String(), "value": pl.String(), "rec": pl.Int64()}
_LONGEST_SHOWN = 200
"""Characters of an ignored value that are kept for people to read."""


@dataclass(frozen=True, slots=True)
class KeyEvidence:
    """The keys that records carry, and the written values that give none.

    Attributes:
        keys: see `account_keys`.
        ignored: see `ignored_keys`.
        withheld: rule, value, rec: keys in form that other records take away; they may come back
            when those change.
    """

    keys: pl.DataFrame
    ignored: pl.DataFrame
    withheld: pl.DataFrame


def _shaped(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """`parts` below each other as `_RECORDS`; columns that a part lacks are null."""
    shaped = [p.select(optional(p, name, dtype) for name, dtype in _RECORDS.items()) for p in parts]
    whole = pl.concat([pl.DataFrame(schema=_RECORDS), *shaped])
    return whole.filter(pl.all_horizontal(pl.col(RECORD).is_not_null()))


def account_records(landed: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All account records, in anchor order: least (known_at, source, source_account_id) first.

    A record is a row of `accounts`, either end of an `account_links` row, or, where nobody hands
    in accounts at all, any (source, source_account_id) that some row carries.

    Returns:
        rec (int, the place in that order), source, source_account_id, name (the latest, for
        people), known_at (the first).
    """
    accounts, links = table_of(landed, "accounts"), table_of(landed, "account_links")
    parts = []
    if accounts is None:
        keyed = [f for f in landed.values() if {*RECORD, "known_at"} <= set(f.columns)]
        parts += [frame.select(*RECORD, "known_at") for frame in keyed]
    if links is not None:
        far_end = {"linked_source": "source", "value": "source_account_id"}
        foreign = account_ids_of_links(links).drop(RECORD).rename(far_end)
        parts += [links.select(*RECORD, "known_at"), foreign]
    named = _once(_shaped([] if accounts is None else [accounts]))
    return (
        _also(named, _shaped(parts))
        .sort("known_at", *RECORD)
        .with_row_index("rec")
        .with_columns(pl.col("rec").cast(pl.Int64))
    )


def _also(named: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """`named` and the records of `rows`, which tell no name, each since it was first known."""
    if named.is_empty() or rows.is_empty():
        return named if rows.is_empty() else _once(rows)
    numbered = rows.with_row_index("row")
    met = with_rec(numbered, named.with_row_index("rec"))
    known = named["known_at"].to_physical().to_numpy().copy()
    np.minimum.at(known, met["rec"].to_numpy(), met["known_at"].to_physical().to_numpy())
    since = pl.Series("known_at", known).cast(TIMESTAMP)
    others = numbered.join(met.select("row"), on="row", how="anti").drop("row")
    return pl.concat([named.with_columns(since), _once(others)])


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each record: its latest name, its first known_at."""
    key = rows.select(RECORD).hash_rows()
    if key.n_unique() == rows.height:
        return rows  # a grouping would cost more than all the rest
    several = key.is_duplicated()
    return pl.concat([rows.filter(~several), _grouped(rows.filter(several))])


def _grouped(rows: pl.DataFrame) -> pl.DataFrame:
    """`_once` of records with several rows."""
    named = pl.col("name").is_not_null().sum().alias("named")
    once = rows.group_by(RECORD).agg(pl.col("name").max(), pl.col("known_at").min(), named)
    renamed = once.filter(pl.col("named") > 1).select(RECORD)
    if renamed.is_empty():  # nearly always: sorting in groups costs several times the grouping
        return once.drop("named")
    latest = (
        rows.filter(pl.col("name").is_not_null())
        .join(renamed, on=RECORD, how="semi")
        .sort("known_at", "name")
        .unique(RECORD, keep="last", maintain_order=True)
        .select(*RECORD, pl.col("name").alias("latest"))
    )
    found = once.join(latest, on=RECORD, how="left")
    return found.select(*RECORD, pl.coalesce("latest", "name").alias("name"), "known_at")


def _own_ids(records: pl.DataFrame, claimed: pl.DataFrame) -> Claim:
    """A record that a foreign key names carries its own id as a key, so that both meet there."""
    far_end = claimed.select(pl.col("scope").alias("source"), source_account_id="value")
    named = with_rec(far_end, records)["rec"].unique()
    own = {"scope": "source", "value": "source_account_id"}
    keys = records.filter(pl.col("rec").is_in(named.implode())).select("rec", "known_at", **own)
    return Claim("foreign_key", keys, pl.DataFrame(schema=IGNORED))


def claims_of(
    landed: Mapping[str, pl.DataFrame], records: pl.DataFrame, rules: IdentityRules
) -> list[Claim]:
    """What the rows of `records` tell, by rule; see `key_evidence`."""
    accounts, links = table_of(landed, "accounts"), table_of(landed, "account_links")
    users = table_of(landed, "users")
    recs = records.select(*RECORD, "rec")
    told: list[Claim] = []
    if accounts is not None:
        told += claims_of_accounts(with_rec(accounts, recs), rules)
    if links is not None:
        told += claims_of_links(with_rec(links, recs), rules)
        foreign = [one.keys for one in told if one.rule == "foreign_key"]
        told.append(_own_ids(records, pl.concat(foreign)))
    if users is not None:
        shown = [one.keys.select("rec", "value") for one in told if one.rule == "domain"]
        own = pl.concat([pl.DataFrame(schema={"rec": pl.Int64, "value": pl.String}), *shown])
        told.append(sso_claims(users, records, own, rules))
    return told


def _keys_of(rule: str, keys: list[pl.DataFrame], since: pl.Series) -> pl.DataFrame:
    """`_KEYS` of one rule, each key and record once, a key's rows together in order of time.

    Args:
        rule: the rule.
        keys: scope, value, rec, known_at.
        since: of each record, its first known_at.
    """
    whole = pl.concat(keys).select("scope", "value", "rec", "known_at")
    names, recs = ("scope", "value"), whole["rec"].to_numpy()
    one_each = np.bincount(recs, minlength=1).max() <= 1
    if not one_each and whole.select(*names, "rec").hash_rows().n_unique() < whole.height:
        whole = whole.group_by(*names, "rec").agg(pl.col("known_at").min())
    # Numbers sort several times faster than texts do.
    key = whole.select(names).hash_rows().alias("key")
    first = whole.select(pl.col("rec").min().over(key)).to_series()
    if one_each and since.gather(whole["rec"]).equals(whole["known_at"]):
        # Records are numbered in order of time, and no record is the first one of two keys.
        whole = whole[(first * max(len(since), 1) + whole["rec"]).arg_sort()]
    else:
        place = whole.select(pl.arg_sort_by(first, key, "known_at", "rec")).to_series()
        whole = whole[place]
    return whole.select(pl.lit(rule).alias("rule"), "scope", "value", "rec", "known_at")


def key_evidence(
    landed: Mapping[str, pl.DataFrame], records: pl.DataFrame, rules: IdentityRules
) -> KeyEvidence:
    """Which record carried which key since when, and what was written but is no key.

    Every version of a row counts from its own known_at, and a key once shown goes on linking:
    old email addresses and invoices outlive a change of name.

    Args:
        landed: contract tables with `known_at`, all versions.
        records: `account_records`.
        rules: public domains and legal forms.
    """
    told = claims_of(landed, records, rules)
    by_rule = {
        rule: [one.keys for one in told if one.rule == rule]
        for rule in sorted({one.rule for one in told})
    }
    size = records["rec"].to_numpy().max(initial=-1) + 1
    since = pl.Series([None], dtype=TIMESTAMP).new_from_index(0, int(size))
    since = since.scatter(records["rec"], records["known_at"])
    keys = [_keys_of(rule, frames, since) for rule, frames in by_rule.items()]
    ignored = [
        one.ignored.select("rec", pl.lit(one.rule).alias("rule"), "value", "why") for one in told
    ]
    none = pl.DataFrame(schema={"rec": pl.Int64, "rule": pl.String, **_SAID})
    withheld = [
        one.withheld.select(pl.lit(one.rule).alias("rule"), "value", "rec")
        for one in told
        if not one.withheld.is_empty()
    ]
    return KeyEvidence(
        pl.concat([pl.DataFrame(schema=_KEYS), *keys]),
        pl.concat([none, *ignored])
        .join(records.select(*RECORD, "rec"), on="rec")
        .select(*RECORD, "rule", pl.col("value").str.head(_LONGEST_SHOWN), "why")
        .unique()
        .sort(*RECORD, "rule", "value", "why"),
        pl.concat([pl.DataFrame(schema=WITHHELD), *withheld]),
    )


def account_keys(
    landed: Mapping[str, pl.DataFrame], records: pl.DataFrame, rules: IdentityRules
) -> pl.DataFrame:
    """`key_evidence(...).keys`.

    Returns:
        rule, scope (system of a foreign key, else empty), value, rec, known_at; one row for each
        key and record. The rows of a key follow each other, whoever carried it first on top; rules
        by name, keys by their least record.
    """
    return key_evidence(landed, records, rules).keys


def ignored_keys(
    landed: Mapping[str, pl.DataFrame], records: pl.DataFrame, rules: IdentityRules
) -> pl.DataFrame:
    """`key_evidence(...).ignored`: what records say of themselves that links nobody.

    Returns:
        source, source_account_id, rule, value (as written), why; sorted. An empty value is not
        there.
    """
    return key_evidence(landed, records, rules).ignored
