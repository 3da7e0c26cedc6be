"""What changed since the last resolution is resolved again, and nothing else.

The answer is row for row that of `resolve`: a new row, a row that is gone and a decision can change
those parts alone that they touch (`memory`), and these are resolved as a world of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import polars as pl

from health_pipeline.core.identity.decisions import in_force
from health_pipeline.core.identity.landed import RECORD, account_ids_of_links, table_of
from health_pipeline.core.identity.memory import (
    Memory,
    can_be_remembered,
    hashed_keys,
    hashed_records,
    keys_of,
    remember,
    rows_of,
    telling,
)
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.records import claims_of, numbered_records
from health_pipeline.core.identity.resolve import (
    Resolved,
    accounts_among,
    accounts_of,
    resolved,
)
from health_pipeline.core.identity.undecided import Trained
from health_pipeline.core.schemas.results import RESULT_TABLES

Tables = Mapping[str, pl.DataFrame]


class Registry(Protocol):
    """The ids given before, asked for as few of them as are needed."""

    def whole(self) -> pl.DataFrame:
        """All of them: `REGISTRY_COLUMNS`."""

    def of(self, records: pl.DataFrame) -> pl.DataFrame:
        """Those of `records` (source, source_account_id): `REGISTRY_COLUMNS`."""

    def holds(self, ids: pl.Series) -> bool:
        """Whether one of `ids` was given to any account."""


@dataclass(frozen=True, slots=True)
class Known:
    """A registry that is in memory."""

    ids: pl.DataFrame

    def whole(self) -> pl.DataFrame:
        """All of them."""
        return self.ids

    def of(self, records: pl.DataFrame) -> pl.DataFrame:
        """Those of `records`."""
        return self.ids.join(records.select(RECORD), on=RECORD, how="semi")

    def holds(self, ids: pl.Series) -> bool:
        """Whether one of `ids` was given to any account."""
        return bool(ids.is_in(self.ids["account_id"].implode()).any())


def resolve_anew(
    landed: Tables,
    rules: IdentityRules,
    registry: Registry,
    decisions: pl.DataFrame,
    trained: Trained | None = None,
) -> tuple[Resolved, Memory | None]:
    """Everything resolved as `resolve` does, and what the next resolution needs of it.

    The memory is None where nothing would do but to resolve everything anew again.
    """
    known = registry.whole()
    found = accounts_of(landed, rules, known, decisions, trained)
    answer = resolved(landed, found)
    if table_of(landed, "accounts") is None or not can_be_remembered(rules, known):
        return answer, None
    return answer, remember(landed, found, answer, decisions)


def resolve_more(
    landed: Tables,
    rules: IdentityRules,
    registry: Registry,
    decisions: pl.DataFrame,
    memory: Memory,
) -> tuple[Resolved, Memory] | None:
    """What `resolve_anew` gives, by what `memory` holds of the last resolution.

    The rules must be those of the last time, the registry that of the last time and the ids that
    it gave. None where a memory does not do.
    """
    users_are_new = table_of(landed, "users") is not None and memory.resolved.by_domain is None
    if table_of(landed, "accounts") is None or users_are_new:
        return None
    rows = rows_of(landed)
    changed = _changed(landed, rows, memory, decisions)
    if changed.is_empty():
        none = memory.resolved.registry_new.clear()
        answer = replace(memory.resolved, registry_new=none)
        return answer, replace(memory, resolved=answer, decided=decisions["id"])
    parts = _touched(landed, rules, memory, changed)
    inside = pl.col("part").is_in(parts.implode())
    touched = pl.concat([changed, memory.keys.filter(inside)["key"]]).unique()
    part = _rows_in(landed, touched)
    numbered = numbered_records({name: part[name] for name in part if name != "users"})
    known = registry.of(numbered.records)
    found = accounts_among(part, numbered, rules, known, decisions)
    new = resolved(part | _users_of(landed), found)
    if registry.holds(new.registry_new["account_id"]):
        return None
    keys = pl.concat([memory.keys.filter(~inside), keys_of(found)])
    answer = _spliced(memory.resolved, new, touched)
    return answer, Memory(rows, keys, answer, decisions["id"])


def _users_of(landed: Tables) -> dict[str, pl.DataFrame]:
    """The users, where somebody hands them in."""
    return {"users": landed["users"]} if table_of(landed, "users") is not None else {}


def _changed(
    landed: Tables, rows: pl.DataFrame, memory: Memory, decisions: pl.DataFrame
) -> pl.Series:
    """Hashes of records that rows, or decisions, now tell something else of."""
    before = memory.rows
    again = rows["row"].is_in(before["row"].implode())
    new, gone = rows.filter(~again), before.clear()
    if not _same(rows["row"].filter(again), before["row"]):
        gone = before.filter(~pl.col("row").is_in(rows["row"].implode()))
    told = pl.concat([new["record"], gone["record"]]).unique()
    told = pl.concat([told, _named_by(landed, told)]).unique()
    now = _decided(decisions)
    then = _decided(decisions.filter(pl.col("id").is_in(memory.decided.implode())))
    one, other = (now.join(then, on="id", how="anti"), then.join(now, on="id", how="anti"))
    # What is decided on a record that was not there counts once it is.
    waiting = now.filter(pl.any_horizontal(pl.col("left", "right").is_in(told.implode())))
    by_people = pl.concat([one, other, waiting])
    return pl.concat([told, by_people["left"], by_people["right"]]).unique()


def _named_by(landed: Tables, records: pl.Series) -> pl.Series:
    """The far ends of foreign keys of `records`: a record that is named comes to be.

    What its users and decisions tell counts from then on, however long it has been there.
    """
    links = _rows_in(landed, records).get("account_links")
    if links is None:
        return records.clear()
    return hashed_records(account_ids_of_links(links), ("linked_source", "value"))


def _same(some: pl.Series, others: pl.Series) -> bool:
    """Whether two sets of hashes are one: cheaper than to look each of them up."""
    sums = [np.add.reduce(hashes.to_numpy(), dtype=np.uint64) for hashes in (some, others)]
    return len(some) == len(others) and bool(sums[0] == sums[1])


def _decided(decisions: pl.DataFrame) -> pl.DataFrame:
    """id, left, right: hashes of the records of each decision in force."""
    rows = [
        (d.id, d.left_source, d.left_id, d.right_source, d.right_id) for d in in_force(decisions)
    ]
    names = ("id", "l_source", "l_id", "r_source", "r_id")
    found = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")
    return found.select(
        "id",
        hashed_records(found, ("l_source", "l_id")).alias("left"),
        hashed_records(found, ("r_source", "r_id")).alias("right"),
    )


def _touched(landed: Tables, rules: IdentityRules, memory: Memory, changed: pl.Series) -> pl.Series:
    """The parts that hold a changed record, or a key that one of them carries."""
    part = _rows_in(landed, changed)
    numbered = numbered_records({name: part[name] for name in part if name != "users"})
    told = claims_of(part, numbered, rules)
    carried = [
        rows.select(pl.lit(one.rule).alias("rule"), "value", "rec")
        for one in told
        for rows in (one.keys, one.withheld)
    ]
    keys = hashed_keys(pl.concat(carried))["key"] if carried else changed.clear()
    # The far end of a foreign key is among the records.
    asked = pl.concat([changed, hashed_records(numbered.records), keys]).unique()
    return memory.keys.filter(pl.col("key").is_in(asked.implode()))["part"].unique()


def _rows_in(landed: Tables, records: pl.Series) -> dict[str, pl.DataFrame]:
    """The rows that tell of these records, of the tables that tell of any."""
    found = {}
    for name in ("accounts", "account_links", "users"):
        rows = telling(landed, name)
        if rows is not None:
            found[name] = rows.filter(hashed_records(rows).is_in(records.implode()))
    return found


def _spliced(before: Resolved, new: Resolved, touched: pl.Series) -> Resolved:
    """`before` with `new` in place of what it says of the records `touched`."""
    gone = hashed_records(before.account_xref).is_in(touched.implode())
    # The account of a touched record is all in touched parts, and so are its domains and aliases.
    ids = before.account_xref.filter(gone)["account_id"].unique().implode()
    kept = ~pl.col("account_id").is_in(ids)
    doubted = hashed_records(before.review, [f"left_{name}" for name in RECORD])
    review = before.review.filter(~doubted.is_in(touched.implode()))
    by_domain = None
    if before.by_domain is not None and new.by_domain is not None:
        by_domain = pl.concat([before.by_domain.filter(kept), new.by_domain])
    return Resolved(
        _merged(before.account_xref, ~gone, new.account_xref),
        RESULT_TABLES["identity_review"].conform(pl.concat([review, new.review])),
        pl.concat([before.aliases.filter(kept), new.aliases]).sort("alias"),
        new.registry_new,
        by_domain,
    )


def _merged(before: pl.DataFrame, kept: pl.Series, new: pl.DataFrame) -> pl.DataFrame:
    """`kept` rows and new ones by (source, source_account_id), as either is.

    A few places are found, and nothing is sorted.
    """
    order = pl.concat_str(RECORD[0], pl.lit("\0"), RECORD[1])  # the least character
    names = before.select(order).to_series().filter(kept)
    places = names.search_sorted(new.select(order).to_series()).cast(pl.Int64).to_numpy()
    rows = np.arange(before.height, before.height + new.height)
    whole = pl.concat([before, new], rechunk=True)
    return whole[np.insert(kept.arg_true().cast(pl.Int64).to_numpy(), places, rows)]
