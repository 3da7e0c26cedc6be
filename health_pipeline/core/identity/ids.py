"""Account and user ids: a pure function of the records, unless an id is published already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from health_pipeline.core.identity.forest import Bools, Ints
from health_pipeline.core.identity.records import RECORD

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_ESCAPED = r'["\\\x00-\x1f]'
"""What JSON writes in another way."""

USER_SEPARATOR = "\x1f"
"""Between source and source_user_id in the hash; the roll-up SQL builds the same text."""


def account_id_of(source: str, source_account_id: str) -> str:
    """The id of an account whose anchor is this record, on an empty registry."""
    return _account_id([source, source_account_id])


def _account_id(parts: list[str | int]) -> str:
    return "acc_" + hashlib.sha256(_JSON.encode(parts).encode()).hexdigest()[:16]


def _unused_id(source: str, source_account_id: str, used: Collection[str]) -> str:
    """The id of this anchor; where that one was given to another account, the next one."""
    found, times = account_id_of(source, source_account_id), 1
    while found in used:
        times += 1
        found = _account_id([source, source_account_id, times])
    return found


def user_id_of(source: str, source_user_id: str) -> str:
    """The id of a user without an email."""
    text = f"{source}{USER_SEPARATOR}{source_user_id}"
    return "usr_" + hashlib.sha256(text.encode()).hexdigest()[:16]


def user_id_of_email(email: str) -> str:
    """The id of a user with an email: the same person in every source."""
    return "usr_" + hashlib.sha256(email.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class GivenIds:
    """Account ids for sets of records.

    Attributes:
        accounts: of each record, in order of rec.
        aliases: alias, account_id: where a set holds several published ids.
        registered: of each record, whether an id was published for it.
        new: source, source_account_id, account_id of the anchors that are not in the registry yet.
    """

    accounts: pl.Series
    aliases: pl.DataFrame
    registered: Bools
    new: pl.DataFrame


def give_ids(labels: Ints, records: pl.DataFrame, registry: pl.DataFrame) -> GivenIds:
    """One id for each set: the one published first, else the hash of the anchor.

    After a split two sets may hold records of one id: the set with the earlier anchor keeps it.
    No id is ever given to another account than before, so a new one is none of the registry's.

    Args:
        labels: for each record its anchor, the least record of its set.
        records: `account_records`.
        registry: source, source_account_id, account_id, published_at (null: given, not published).
    """
    known = records.select("rec", *RECORD).join(registry, on=RECORD).sort("rec")
    root = pl.Series("root", labels[known["rec"].to_numpy()])
    registered = labels.astype(bool)
    registered[:] = False
    registered[known["rec"].to_numpy()] = True
    ranked = (
        known.with_columns(root)
        .filter(pl.col("root") == pl.col("root").min().over("account_id"))
        .sort("root", "published_at", "account_id", nulls_last=True)
        .unique(["root", "account_id"], keep="first", maintain_order=True)
        .with_columns(pl.col("account_id").first().over("root").alias("chosen"))
    )
    kept = ranked.unique("root", keep="first", maintain_order=True)
    sets = records.filter(pl.Series(labels) == pl.col("rec")).select(
        pl.col("rec").alias("root"), *RECORD
    )
    new = _new_ids(sets.join(kept, on="root", how="anti", maintain_order="left"), registry)
    of_root = pl.concat([frame.select("root", "account_id") for frame in (kept, new)], rechunk=True)
    place = np.zeros(labels.size, dtype=np.int64)
    place[of_root["root"].to_numpy()] = np.arange(of_root.height)
    accounts = of_root["account_id"].gather(place[labels])
    aliases = ranked.filter(pl.col("account_id") != pl.col("chosen")).select(
        pl.col("account_id").alias("alias"), pl.col("chosen").alias("account_id")
    )
    return GivenIds(accounts, aliases.sort("alias"), registered, new.select(*RECORD, "account_id"))


def _account_ids(names: pl.DataFrame) -> pl.Series:
    """`account_id_of` every row; the text to hash is put together for all rows at once."""
    source, key = (pl.col(name) for name in RECORD)
    escaped = names.select(pl.any_horizontal(pl.col(RECORD).str.contains(_ESCAPED))).to_series()
    texts = names.select(pl.concat_str(pl.lit('["'), source, pl.lit('","'), key, pl.lit('"]')))
    sha = hashlib.sha256
    digests = [sha(text).digest() for text in texts.to_series().cast(pl.Binary).to_list()]
    begin = pl.Series("account_id", digests, dtype=pl.Binary).bin.slice(0, 8).bin.encode("hex")
    ids = begin.to_frame().select(pl.lit("acc_") + pl.col("account_id")).to_series()
    rows = escaped.arg_true()
    by_hand = [account_id_of(*names.row(row)) for row in rows.to_list()]
    return ids.scatter(rows, pl.Series(by_hand, dtype=pl.String)).alias("account_id")


def _new_ids(anchors: pl.DataFrame, registry: pl.DataFrame) -> pl.DataFrame:
    """`anchors` (root, source, source_account_id) with account_id."""
    names = anchors.select(RECORD)
    ids = _account_ids(names)
    if registry.height and ids.is_in(registry["account_id"].implode()).any():
        used = set(registry["account_id"])
        ids = pl.Series("account_id", [_unused_id(a, b, used) for a, b in names.iter_rows()])
    return anchors.with_columns(ids)
