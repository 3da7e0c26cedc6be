"""The source records that claim to be an account, and the exact keys that they carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from health_pipeline.core.identity.columns import first_rows, number_of
from health_pipeline.core.identity.forest import Ints
from health_pipeline.core.identity.landed import (
    RECORD,
    account_ids_of_links,
    optional,
    recs_of,
    table_of,
    with_rec,
)
from health_pipeline.core.identity.numbered import Numbered, account_records, numbered_records
from health_pipeline.core.identity.order import key_order, ranks, ranks_of_single
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.sso import sso_claims
from health_pipeline.core.identity.told import IGNORED, Claim, claims_of_accounts, claims_of_links
from health_pipeline.core.schemas.columns import TIMESTAMP

__all__ = [
    "RECORD",
    "WITHHELD",
    "KeyEvidence",
    "Numbered",
    "account_ids_of_links",
    "account_keys",
    "account_records",
    "claims_of",
    "ignored_keys",
    "key_evidence",
    "numbered_records",
    "optional",
    "table_of",
]

_KEYS: dict[str, pl.DataType] = {
    "rule": pl.String(),
    "scope": pl.String(),
    "value": pl.String(),
    "rec": pl.Int64(),
    "known_at": TIMESTAMP,
    "group": pl.Int64(),
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


def _own_ids(records: pl.DataFrame, claimed: pl.DataFrame) -> Claim:
    """A record that a foreign key names carries its own id as a key, so that both meet there.

    Args:
        records: `account_records`.
        claimed: scope, value, far: see `Numbered`.
    """
    far_end = claimed.select(pl.col("scope").alias("source"), source_account_id="value")
    named = recs_of(far_end, records, claimed["far"]).drop_nulls().unique()
    own = {"scope": "source", "value": "source_account_id"}
    keys = records.filter(pl.col("rec").is_in(named.implode())).select("rec", "known_at", **own)
    return Claim("foreign_key", keys, pl.DataFrame(schema=IGNORED))


def claims_of(
    landed: Mapping[str, pl.DataFrame], numbered: Numbered, rules: IdentityRules
) -> list[Claim]:
    """What the rows of records tell, by rule; see `key_evidence`."""
    accounts, links = table_of(landed, "accounts"), table_of(landed, "account_links")
    users, records = table_of(landed, "users"), numbered.records
    told: list[Claim] = []
    if accounts is not None:
        told += claims_of_accounts(with_rec(accounts, records, numbered.accounts), rules)
    if links is not None:
        far = pl.lit(None, pl.Int64) if numbered.far is None else numbered.far
        rows = with_rec(links.with_columns(far.alias("far")), records, numbered.near)
        told += claims_of_links(rows, rules)
        foreign = [one.keys for one in told if one.rule == "foreign_key"]
        told.append(_own_ids(records, pl.concat(foreign)))
    if users is not None:
        shown = [one.keys.select("rec", "value") for one in told if one.rule == "domain"]
        own = pl.concat([pl.DataFrame(schema={"rec": pl.Int64, "value": pl.String}), *shown])
        told.append(sso_claims(users, records, own, rules))
    return told


def _keys_of(rule: str, keys: list[pl.DataFrame]) -> pl.DataFrame:
    """`_KEYS` of one rule, each key and record once, a key's rows together in order of time.

    Args:
        rule: the rule.
        keys: scope, value, rec, known_at and, where it is known, code: equal for equal keys.
    """
    names = ("scope", "value")
    told = [frame for frame in keys if not frame.is_empty()] or keys[:1]
    codes = told[0]["code"] if len(told) == 1 and "code" in told[0].columns else None
    whole = pl.concat([f.select(*names, "rec", "known_at") for f in told], rechunk=True)
    if np.bincount(whole["rec"].to_numpy(), minlength=1).max() <= 1:
        key = first_rows(whole.select(names).hash_rows()) if codes is None else codes.to_numpy()
        rank = ranks_of_single(key, whole["rec"].to_numpy())
    else:
        if whole.select(*names, "rec").hash_rows().n_unique() < whole.height:
            whole = whole.group_by(*names, "rec").agg(pl.col("known_at").min())
        key = number_of(whole.select(names).hash_rows())
        rank = ranks(key, whole["rec"].to_numpy())
    found = _in_order(whole, rank)
    same, other = pl.col("group") == pl.col("group").shift(), _changes(names)
    if found.select((same & other).any()).item():  # two keys of one hash are two keys
        key = whole.select(pl.struct(names).rank("dense") - 1).to_series().to_numpy()
        found = _in_order(whole, ranks(key.astype(np.int64), whole["rec"].to_numpy()))
    return found.select(pl.lit(rule).alias("rule"), *names, "rec", "known_at", "group")


def _in_order(whole: pl.DataFrame, rank: Ints) -> pl.DataFrame:
    """`whole` by the rank of its keys, then time and record, with `group`, a number of each key."""
    at = whole["known_at"].to_physical().to_numpy()
    order = key_order(rank, whole["rec"].to_numpy(), at)
    group = np.cumsum(np.diff(rank[order], prepend=rank[order[:1]]) != 0)
    return whole[order].with_columns(pl.Series("group", group))


def _changes(names: Sequence[str]) -> pl.Expr:
    """Whether a row differs from the one above in one of `names`."""
    return pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in names)


def key_evidence(
    landed: Mapping[str, pl.DataFrame], numbered: Numbered, rules: IdentityRules
) -> KeyEvidence:
    """Which record carried which key since when, and what was written but is no key.

    Every version of a row counts from its own known_at, and a key once shown goes on linking:
    old email addresses and invoices outlive a change of name.

    Args:
        landed: contract tables with `known_at`, all versions.
        numbered: `numbered_records`; the records alone do.
        rules: public domains and legal forms.
    """
    told, records = claims_of(landed, numbered, rules), numbered.records
    by_rule = {
        rule: [one.keys for one in told if one.rule == rule]
        for rule in sorted({one.rule for one in told})
    }
    keys = [_keys_of(rule, frames) for rule, frames in by_rule.items()]
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
        rule, scope (system of a foreign key, else empty), value, rec, known_at, group (number of
        the key among those of its rule); one row for each key and record. The rows of a key follow
        each other, whoever carried it first on top; rules by name, keys by their least record.
    """
    return key_evidence(landed, Numbered(records), rules).keys


def ignored_keys(
    landed: Mapping[str, pl.DataFrame], records: pl.DataFrame, rules: IdentityRules
) -> pl.DataFrame:
    """`key_evidence(...).ignored`: what records say of themselves that links nobody.

    Returns:
        source, source_account_id, rule, value (as written), why; sorted. An empty value is not
        there.
    """
    return key_evidence(landed, Numbered(records), rules).ignored
