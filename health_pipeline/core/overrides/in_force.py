"""Which override counts for which account on which day, and which blocks have no effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from health_pipeline.core.overrides.params import LONGEST_DAYS, OverrideBlock
from health_pipeline.core.schemas.results import RESULT_TABLES

WAYS = "an account_id, source:source_account_id or a domain"


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a block has no effect, or not the whole of it.

    Attributes:
        place: of the block in the list, from 0.
        key: the key of the block that it is about.
        problem: what is wrong. `allowed`: what would be right; empty when that says it all.
    """

    place: int
    key: str
    problem: str
    allowed: str = ""


def in_force(
    blocks: Sequence[OverrideBlock], accounts: Sequence[Sequence[str]], days: Sequence[date]
) -> pl.DataFrame:
    """The override of each account and day.

    A block counts from its first day to `until`, both included. Where two blocks name one account
    by different words, the first in the file counts. A block that names no account, or several,
    counts for none.

    Args:
        blocks: in the order of the file.
        accounts: for each block the account_ids that its `account` means.
        days: any.

    Returns:
        `RESULT_TABLES["overrides"]`.
    """
    rows: dict[tuple[str, date], dict[str, object]] = {}
    for block, ids in zip(blocks, accounts, strict=True):
        for day in days:
            if len(ids) == 1 and block.first <= day <= block.until:
                rows.setdefault((ids[0], day), _row(block, ids[0], day))
    table = RESULT_TABLES["overrides"]
    return table.conform(pl.DataFrame(list(rows.values()), schema=table.columns, orient="row"))


def _row(block: OverrideBlock, account: str, day: date) -> dict[str, object]:
    return {
        "account_id": account,
        "date": day,
        "tier_override": block.tier,
        "muted": block.mute,
        "why": block.why,
        "author": block.author,
        "until": block.until,
    }


def findings(
    blocks: Sequence[OverrideBlock], accounts: Sequence[Sequence[str]], day: date
) -> list[Finding]:
    """Blocks that on `day` are over, name no account or several, or stand behind an earlier one.

    `blocks`, `accounts`: see `in_force`. A block that is over is told so and nothing else.
    """
    found = []
    for place, (block, ids) in enumerate(zip(blocks, accounts, strict=True)):
        if block.until < day:
            words = f"it ended with {block.until}"
            found.append(Finding(place, "until", words, "a later date, or no such block"))
        elif len(ids) != 1:
            found.append(_not_one(place, ids))
        else:
            found += _without_effect(place, blocks, accounts, day)
    return found


def _not_one(place: int, ids: Sequence[str]) -> Finding:
    if not ids:
        return Finding(place, "account", "no account of this name is known", WAYS)
    listed = ", ".join(sorted(ids)[:3]) + ("" if len(ids) <= 3 else ", …")
    return Finding(place, "account", f"{len(ids)} accounts have this name: {listed}", WAYS)


def _without_effect(
    place: int, blocks: Sequence[OverrideBlock], accounts: Sequence[Sequence[str]], day: date
) -> list[Finding]:
    block, ids = blocks[place], accounts[place]
    for n, other in enumerate(blocks[:place]):
        if list(accounts[n]) == list(ids) and block.meets(other):
            words = f"overrides[{n}] is about the same account and counts on their common days"
            return [Finding(place, "account", words, "one override for an account and day")]
    if block.since is None and block.first > day:
        words = f"counts from {block.first} on: an override lasts at most {LONGEST_DAYS} days"
        return [Finding(place, "until", words, "an earlier date")]
    return []
