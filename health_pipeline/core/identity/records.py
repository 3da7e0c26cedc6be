"""The source records that claim to be an account, and the exact keys that they carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from health_pipeline.core.identity.columns import first_rows, number_of
from health_pipeline.core.identity.landed import (
    RECORD,
    account_ids_of_links,
    is_account_id,
    optional,
    recs_of,
    table_of,
    with_rec,
)
from health_pipeline.core.identity.order import (
    anchor_order,
    key_order,
    ranks,
    ranks_of_single,
)
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


def _shaped(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """`parts` below each other as `_RECORDS`; columns that a part lacks are null."""
    shaped = [p.select(optional(p, name, dtype) for name, dtype in _RECORDS.items()) for p in parts]
    whole = pl.concat([pl.DataFrame(schema=_RECORDS), *shaped])
    return whole.filter(pl.all_horizontal(pl.col(RECORD).is_not_null()))


@dataclass(frozen=True, slots=True)
class Numbered:
    """The records, and which of them the rows of some tables were found to be.

    Attributes:
        records: see `account_records`.
        accounts: rec of each row of `accounts`; None where they are still to be found.
        near, far: rec of each row of `account_links`, and of the record that a foreign key names;
            null where it is still to be found.
    """

    records: pl.DataFrame
    accounts: pl.Series | None = None
    near: pl.Series | None = None
    far: pl.Series | None = None


def account_records(landed: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All account records, in anchor order: least (known_at, source, source_account_id) first.

    A record is a row of `accounts`, either end of an `account_links` row, or, where nobody hands
    in accounts at all, any (source, source_account_id) that some row carries.

    Returns:
        rec (int, the place in that order), source, source_account_id, name (the latest, for
        people), known_at (the first).
    """
    return numbered_records(landed).records


def numbered_records(landed: Mapping[str, pl.DataFrame]) -> Numbered:
    """`account_records`, and what was found on the way to them."""
    accounts, links = table_of(landed, "accounts"), table_of(landed, "account_links")
    named = _once(_shaped([] if accounts is None else [accounts]))
    rows = _shaped(_parts_of(landed, accounts, links))
    place = recs_of(rows, named.with_row_index("rec"))
    whole = _also(named, rows, place)
    order = anchor_order(whole)
    records = whole[order].with_row_index("rec").with_columns(pl.col("rec").cast(pl.Int64))
    rec = np.empty(order.size, dtype=np.int64)
    rec[order] = np.arange(order.size)
    if accounts is None or accounts.height > named.height:
        return Numbered(records)
    found = pl.Series("rec", rec)
    if links is None:
        return Numbered(records, found.head(named.height))
    near, far = _ends(links, found.gather(place))
    return Numbered(records, found.head(named.height), near, far)


def _parts_of(
    landed: Mapping[str, pl.DataFrame], accounts: pl.DataFrame | None, links: pl.DataFrame | None
) -> list[pl.DataFrame]:
    """The rows that name a record and tell nothing else of it."""
    parts = []
    if accounts is None:
        keyed = [f for f in landed.values() if {*RECORD, "known_at"} <= set(f.columns)]
        parts += [frame.select(*RECORD, "known_at") for frame in keyed]
    if links is not None:
        far_end = {"linked_source": "source", "value": "source_account_id"}
        foreign = account_ids_of_links(links).drop(RECORD).rename(far_end)
        parts += [links.select(*RECORD, "known_at"), foreign]
    return parts


def _ends(links: pl.DataFrame, found: pl.Series) -> tuple[pl.Series | None, pl.Series | None]:
    """`Numbered.near` and `Numbered.far`, by what was found of `_parts_of` links.

    None where rows that name no record were left out on the way, so that places have moved.
    """
    names = links.with_columns(optional(links, "linked_source", pl.String()))
    is_foreign = names.select(is_account_id()).to_series()
    foreign = is_foreign.arg_true()
    if found.len() != links.height + foreign.len():
        return None, None
    far = pl.Series("far", [None], dtype=pl.Int64).new_from_index(0, links.height)
    return found.head(links.height), far.scatter(foreign, found.tail(foreign.len()))


def _also(named: pl.DataFrame, rows: pl.DataFrame, place: pl.Series) -> pl.DataFrame:
    """`named` and the records of `rows`, which tell no name, each since it was first known.

    Args:
        named: records with a name.
        rows: records, each any number of times.
        place: for each of `rows` its place in `named`; null: none.
    """
    if named.is_empty() or rows.is_empty():
        return named if rows.is_empty() else _once(rows)
    met = place.is_not_null()
    known = named["known_at"].to_physical().to_numpy().copy()
    at = rows["known_at"].to_physical().filter(met)
    np.minimum.at(known, place.filter(met).to_numpy(), at.to_numpy())
    since = pl.Series("known_at", known).cast(TIMESTAMP)
    return pl.concat([named.with_columns(since), _once(rows.filter(~met))], rechunk=True)


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
    at = whole["known_at"].to_physical().to_numpy()
    order = key_order(rank, whole["rec"].to_numpy(), at)
    group = pl.Series("group", np.cumsum(np.diff(rank[order], prepend=rank[order[:1]]) != 0))
    return whole[order].select(pl.lit(rule).alias("rule"), *names, "rec", "known_at", group)


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
        the key among those of its rule); one row for each key and record. The rows of a key follow each other, whoever carried it first on top; rules
        by name, keys by their least record.
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
