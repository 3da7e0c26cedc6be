"""What people decided about records: pairs that are one account, pairs that are not.

The outcome depends on the set of decisions alone: they count in order of (at, id), whatever the
order in which they were replayed, and of several about one pair the last one holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

import polars as pl

from health_pipeline.core.identity.records import RECORD
from health_pipeline.core.schemas.columns import TIMESTAMP

Kind = Literal["merge", "split", "undo"]
KINDS: tuple[Kind, ...] = ("merge", "split", "undo")

Record = tuple[str, str]
"""source, source_account_id."""

DECISION_SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    "kind": pl.String(),
    "left_source": pl.String(),
    "left_id": pl.String(),
    "right_source": pl.String(),
    "right_id": pl.String(),
    "undoes": pl.String(),
    "author": pl.String(),
    "at": TIMESTAMP,
    "reason": pl.String(),
}
"""`left` of a split is the record that leaves, `right` one of those that stay; `undoes` is the id
of the decision that an undo takes back."""

NO_DECISIONS = pl.DataFrame(schema=DECISION_SCHEMA)

APART_SCHEMA: dict[str, pl.DataType] = {
    "left": pl.Int64(),
    "right": pl.Int64(),
    "why": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; columns as `DECISION_SCHEMA`."""

    id: str
    kind: Kind
    left_source: str | None
    left_id: str | None
    right_source: str | None
    right_id: str | None
    undoes: str | None
    author: str
    at: datetime
    reason: str

    @property
    def pair(self) -> frozenset[Record]:
        """Both records, of a merge or split."""
        sides = ((self.left_source, self.left_id), (self.right_source, self.right_id))
        return frozenset((source, key) for source, key in sides if source and key)


def decision(
    kind: Kind,
    left: Record | None,
    right: Record | None,
    *,
    undoes: str | None = None,
    author: str,
    at: datetime,
    reason: str,
) -> Decision:
    """A decision; its id is a hash of all it says, so that replaying it twice is once."""
    one, other = left or (None, None), right or (None, None)
    at = at.astimezone(UTC)
    told = [kind, *one, *other, undoes, author, at.isoformat(), reason]
    digest = hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()
    return Decision(
        "dec_" + digest[:12], kind, one[0], one[1], other[0], other[1], undoes, author, at, reason
    )


def table_of_decisions(decisions: Sequence[Decision]) -> pl.DataFrame:
    """`DECISION_SCHEMA`, in the order in which decisions count."""
    rows = [asdict(one) for one in decisions]
    return pl.DataFrame(rows, schema=DECISION_SCHEMA, orient="row").unique("id").sort("at", "id")


def listed(decisions: pl.DataFrame) -> list[Decision]:
    """The rows of `decisions` in the order in which they count."""
    rows = decisions.sort("at", "id").select(*DECISION_SCHEMA).iter_rows(named=True)
    return [Decision(**row) for row in rows]


def undone(decisions: Sequence[Decision]) -> Mapping[str, Decision]:
    """Id of each decision that does not count → the undo that took it back.

    An undo counts unless a later one takes it back, and takes back only what came before it.
    """
    found: dict[str, Decision] = {}
    place = {one.id: n for n, one in enumerate(decisions)}
    for n in reversed(range(len(decisions))):
        one = decisions[n]
        if one.id not in found and one.undoes and place.get(one.undoes, n) < n:
            found.setdefault(one.undoes, one)
    return found


def in_force(decisions: pl.DataFrame) -> list[Decision]:
    """The last decision about each pair that nobody took back, in the order in which they count."""
    ordered = listed(decisions)
    gone = undone(ordered)
    last = {one.pair: one for one in ordered if one.kind != "undo" and one.id not in gone}
    return [one for one in ordered if one.kind != "undo" and last.get(one.pair) is one]


def said(one: Decision) -> str:
    """A decision in words, for the evidence of a link."""
    return f"decision {one.id} by {one.author} on {one.at:%Y-%m-%d}: {one.reason}"


def pairs_of(decisions: pl.DataFrame, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Links that people made, and what they keep apart; of records that exist.

    Returns:
        left, right, known_at, evidence, rule, trust, confidence; and `APART_SCHEMA`.
    """
    rows = [
        (d.kind, d.left_source, d.left_id, d.right_source, d.right_id, d.at, said(d))
        for d in in_force(decisions)
    ]
    columns = ("kind", "left_source", "left_id", "right_source", "right_id")
    schema = {**dict.fromkeys(columns, pl.String()), "known_at": TIMESTAMP, "why": pl.String()}
    whole = pl.DataFrame(rows, schema=schema, orient="row")
    for side in ("left", "right"):
        named = records.select(pl.col("rec").alias(side), *RECORD)
        keys = [f"{side}_source", f"{side}_id"]
        whole = whole.join(named, left_on=keys, right_on=RECORD, maintain_order="left")
    must = whole.filter(pl.col("kind") == "merge").select(
        "left",
        "right",
        "known_at",
        pl.col("why").alias("evidence"),
        pl.lit("manual").alias("rule"),
        pl.lit(-1).alias("trust"),
        pl.lit(1.0).alias("confidence"),
    )
    apart = whole.filter(pl.col("kind") == "split").select(
        "left", "right", pl.concat_str(pl.lit("kept apart by "), "why").alias("why")
    )
    return must, apart
