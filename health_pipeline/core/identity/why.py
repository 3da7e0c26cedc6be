"""Why a record is the account that it is: the chain of links from it to the account's anchor."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from health_pipeline.core.identity.decisions import Decision, Record, said
from health_pipeline.core.identity.records import RECORD
from health_pipeline.core.identity.resolve import Accounts


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain: `start` and `end` share a key."""

    start: Record
    end: Record
    rule: str
    evidence: str
    confidence: float
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that speaks about one record.

    Attributes:
        account_id, linked_at: of `account_xref`.
        names: what each record of the account is called, by itself; without one: absent.
        anchor: the record of the account that was known first.
        members: every record of the account, the anchor first.
        chain: links from the record to the anchor, fewest first; empty for the anchor itself.
        aliases: ids that were published for the account and now resolve to it.
        doubts: (the other record, why, probability): pairs that are left to a person.
        ignored: (rule, value, why): what the record says of itself that links nobody.
        decisions: those about the record, those that the chain and the doubts rest on, and those
            that took one of them back.
    """

    account_id: str
    linked_at: datetime
    names: Mapping[Record, str]
    anchor: Record
    members: tuple[Record, ...]
    chain: tuple[Step, ...]
    aliases: tuple[str, ...]
    doubts: tuple[tuple[Record, str, float | None], ...]
    ignored: tuple[tuple[str, str, str], ...]
    decisions: tuple[Decision, ...]


def why(found: Accounts, decisions: Sequence[Decision], record: Record) -> Why:
    """What speaks about `record` (R22: every link with its evidence).

    Raises:
        LookupError: no such record.
    """
    row = found.xref.filter(
        (pl.col("source") == record[0]) & (pl.col("source_account_id") == record[1])
    )
    if row.is_empty():
        raise LookupError(f"no record {record[0]}:{record[1]} is known")
    told = row.row(0, named=True)
    members = found.xref.filter(pl.col("account_id") == told["account_id"]).sort("rec")
    names: dict[int, Record] = {
        rec: (source, key) for rec, source, key in members.select("rec", *RECORD).iter_rows()
    }
    anchor = members["rec"][0]
    called = found.records["name"].gather(members["rec"])
    mine = pl.col("account_id") == told["account_id"]
    chain = _chain(found.clusters.links, names, told["rec"], anchor)
    doubts = _doubts(found.review, record)
    reasons = [*(step.evidence for step in chain), *(why for _, why, _ in doubts)]
    return Why(
        told["account_id"],
        told["linked_at"],
        {one: name for one, name in zip(names.values(), called, strict=True) if name},
        names[anchor],
        tuple(names.values()),
        chain,
        tuple(found.given.aliases.filter(mine)["alias"].sort()),
        doubts,
        _ignored(found.ignored, record),
        _about(decisions, record, reasons),
    )


def _chain(
    links: pl.DataFrame, names: dict[int, Record], start: int, anchor: int
) -> tuple[Step, ...]:
    """The shortest chain; of several the one whose links are trusted most and known first."""
    inside = pl.col("left").is_in(list(names))
    ordered = links.filter(inside).sort("trust", "known_at", "rule", "evidence", "left", "right")
    near: dict[int, list[tuple[int, Step]]] = {}
    for row in ordered.iter_rows(named=True):
        for one, other in ((row["left"], row["right"]), (row["right"], row["left"])):
            said = (row["rule"], row["evidence"], row["confidence"], row["known_at"])
            near.setdefault(one, []).append((other, Step(names[one], names[other], *said)))
    paths: dict[int, tuple[Step, ...]] = {start: ()}
    queue = deque([start])
    while queue and anchor not in paths:
        one = queue.popleft()
        for other, step in near.get(one, ()):
            if other not in paths:
                paths[other] = (*paths[one], step)
                queue.append(other)
    return paths.get(anchor, ())


def _doubts(review: pl.DataFrame, record: Record) -> tuple[tuple[Record, str, float | None], ...]:
    found: list[tuple[Record, str, float | None]] = []
    for row in review.iter_rows(named=True):
        left = (row["left_source"], row["left_source_account_id"])
        right = (row["right_source"], row["right_source_account_id"])
        if record in (left, right):
            other = right if record == left else left
            found.append((other, row["why"], row["probability"]))
    return tuple(found)


def _ignored(ignored: pl.DataFrame, record: Record) -> tuple[tuple[str, str, str], ...]:
    rows = ignored.filter(
        (pl.col("source") == record[0]) & (pl.col("source_account_id") == record[1])
    )
    return tuple(rows.select("rule", "value", "why").iter_rows())


def _about(
    decisions: Sequence[Decision], record: Record, reasons: Sequence[str]
) -> tuple[Decision, ...]:
    """Those about `record` or named in one of `reasons`, and what took them back."""
    ids = {
        one.id
        for one in decisions
        if record in one.pair or any(said(one) in reason for reason in reasons)
    }
    for one in decisions:  # an undo comes after what it takes back
        if one.undoes in ids:
            ids.add(one.id)
    return tuple(one for one in decisions if one.id in ids)
