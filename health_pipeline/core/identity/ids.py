"""Account and user ids: a pure function of the records, unless an id is published already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from health_pipeline.core.identity.records import RECORD

USER_SEPARATOR = "\x1f"
"""Between source and source_user_id in the hash; the roll-up SQL builds the same text."""


def account_id_of(source: str, source_account_id: str) -> str:
    """The id of an account whose anchor is this record, on an empty registry."""
    text = json.dumps([source, source_account_id], ensure_ascii=False, separators=(",", ":"))
    return "acc_" + hashlib.sha256(text.encode()).hexdigest()[:16]


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
        ids: one id for each set, in the order given.
        aliases: alias → surviving id, where a set holds several published ids.
        registered: for each set, its records with a published id.
        new: (record, id) of the anchors that are not in the registry yet.
    """

    ids: list[str]
    aliases: dict[str, str]
    registered: list[list[int]]
    new: list[tuple[int, str]]


def _published(records: pl.DataFrame, registry: pl.DataFrame) -> dict[int, tuple[bool, str, str]]:
    """Rec → (not published yet, published_at, account_id): the order in which ids survive."""
    known = records.join(registry.select(*RECORD, "account_id", "published_at"), on=RECORD)
    return {
        rec: (at is None, "" if at is None else at.isoformat(), account_id)
        for rec, account_id, at in known.select("rec", "account_id", "published_at").iter_rows()
    }


def give_ids(
    sets: Sequence[Sequence[int]], records: pl.DataFrame, registry: pl.DataFrame
) -> GivenIds:
    """One id for each set: the one published first, else the hash of the anchor.

    Args:
        sets: members ascending, in order of their anchors.
        records: `account_records`.
        registry: source, source_account_id, account_id, published_at (null: given, not published).
    """
    published = _published(records, registry)
    names = list(records.select(RECORD).iter_rows())
    given = GivenIds([], {}, [], [])
    taken: set[str] = set()
    for members in sets:
        registered = [rec for rec in members if rec in published]
        # After a split, two sets may hold records of one id: the set with the earlier anchor,
        # which comes first here, keeps it.
        ranked = sorted({published[rec] for rec in registered})
        free = [account_id for *_, account_id in ranked if account_id not in taken]
        chosen = free[0] if free else account_id_of(*names[members[0]])
        if not free:
            given.new.append((members[0], chosen))
        given.ids.append(chosen)
        given.aliases.update({alias: chosen for alias in free[1:] if alias != chosen})
        given.registered.append(registered)
        taken.update([chosen, *free])
    return given
