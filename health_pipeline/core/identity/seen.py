"""Since when an account is seen, as it was known on each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import KNOWN_SINCE_EVER, NEVER, first_shown

_APART = 2**33
"""More than two day numbers can differ."""


_NOBODY = pl.DataFrame(
    schema={"account_id": pl.String(), "known_on": pl.Date(), "first_active_on": pl.Date()}
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Since when accounts are seen; small, so that nobody reads all rows again to know it.

    Attributes:
        seen, used: as `first_seen` and `used_since` give them.
    """

    seen: pl.DataFrame
    used: pl.DataFrame

    @classmethod
    def of(cls, attached: Mapping[str, pl.DataFrame]) -> Shown:
        """By landed tables with account_id."""
        # Most rows are in vain: what an account showed later than its first ones.
        few = {name: first_shown(SOURCE_TABLES[name], rows) for name, rows in attached.items()}
        return cls(first_seen(few, _NOBODY), used_since(few, _NOBODY))

    @classmethod
    def by_use(cls, first_active: pl.DataFrame) -> Shown:
        """By activity alone: account_id, first_active_on, known_on (optional)."""
        return cls(first_seen({}, first_active), used_since({}, first_active))

    @classmethod
    def together(cls, parts: Sequence[Shown]) -> Shown:
        """By all of `parts`, which is what all their rows together say; none: nobody is seen."""
        if not parts:
            return cls.of({})
        used = pl.concat([part.used for part in parts])
        return cls(
            _ever_earlier(pl.concat([part.seen for part in parts])),
            used.group_by("account_id").agg(pl.col("known_on").min()),
        )


def _own_day(name: str, rows: pl.DataFrame) -> pl.Expr:
    """The row's own first day, else the day it became known; null for "since ever"."""
    own = [
        pl.col(column).cast(pl.Date)
        for column in SOURCE_TABLES[name].own_first
        if column in rows.columns
    ]
    since_ever = pl.col("known_at") <= pl.lit(KNOWN_SINCE_EVER).cast(TIMESTAMP)
    known = pl.when(~since_ever).then(pl.col("known_at").cast(pl.Date))
    return pl.min_horizontal(*own, known)


def first_seen(attached: Mapping[str, pl.DataFrame], first_active: pl.DataFrame) -> pl.DataFrame:
    """When each account was first seen, and since when that is known.

    The least of the account's creation, its first active day, its first subscription and the
    first own date of any row; computed once for a run, read for each day by `seen_by`.

    Args:
        attached: landed tables with account_id.
        first_active: account_id, first_active_on; known_on (optional) = when that became known.

    Returns:
        account_id, known_on, first_seen_on (null: a row without any date): ever earlier
        first_seen_on with later known_on, sorted.
    """
    parts = [
        rows.select(
            "account_id",
            pl.col("known_at").cast(pl.Date).alias("known_on"),
            _own_day(name, rows).alias("first_seen_on"),
        )
        for name, rows in attached.items()
        if name in SOURCE_TABLES
    ]
    parts.append(_active(first_active).rename({"first_active_on": "first_seen_on"}))
    # A planned date counts once it has come, not when it was planned.
    known_on = pl.max_horizontal("known_on", "first_seen_on").alias("known_on")
    return _ever_earlier(pl.concat(parts).with_columns(known_on))


def _ever_earlier(dated: pl.DataFrame) -> pl.DataFrame:
    """Of each account the rows that bring its first day forward, in order of account and known_on.

    By numbers: sorting and grouping by the text of the accounts costs four times as much.
    """
    account = dated["account_id"].cast(pl.Categorical).to_physical().to_numpy()
    days = (dated[name].to_physical() for name in ("known_on", "first_seen_on"))
    # A row without any date stands after the dated ones, and says nothing.
    known, first = (found.fill_null(NEVER).to_numpy().astype(np.int64) for found in days)
    order = np.lexsort((first, known, account))
    begins = np.diff(account[order], prepend=-1) != 0
    # Each account lies below those before it, so that no least day leaves its account.
    below = np.cumsum(begins) * _APART
    least = np.minimum.accumulate(first[order] - below) + below
    earlier = begins | (np.diff(least, prepend=-1) != 0)
    first_seen_on = pl.Series("first_seen_on", least[earlier], pl.Int32)
    kept: pl.DataFrame = dated[order[earlier]]
    return kept.with_columns(first_seen_on.set(first_seen_on == NEVER, None).cast(pl.Date)).sort(
        "account_id", "known_on", maintain_order=True
    )


def _active(first_active: pl.DataFrame) -> pl.DataFrame:
    known = "known_on" if "known_on" in first_active.columns else "first_active_on"
    return first_active.select("account_id", pl.col(known).alias("known_on"), "first_active_on")


def used_since(attached: Mapping[str, pl.DataFrame], first_active: pl.DataFrame) -> pl.DataFrame:
    """Since when some source is known to have shown a user or event: account_id, known_on."""
    parts = [_active(first_active).select("account_id", "known_on")]
    if "users" in attached:
        known_on = pl.max_horizontal(
            pl.col("known_at").cast(pl.Date), _own_day("users", attached["users"])
        )
        parts.append(attached["users"].select("account_id", known_on.alias("known_on")))
    return pl.concat(parts).group_by("account_id").agg(pl.col("known_on").min())


def seen_by(seen: pl.DataFrame, day: date) -> pl.DataFrame:
    """Accounts known of by `day`: account_id, first_seen_on as it was known then."""
    return (
        seen.filter(pl.col("known_on") <= day)
        .unique("account_id", keep="last", maintain_order=True)
        .select("account_id", "first_seen_on")
    )
