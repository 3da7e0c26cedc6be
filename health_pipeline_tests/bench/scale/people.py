"""Accounts of skewed sizes and their users: ids, links, and how often each user works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from health_pipeline.core.identity.resolve import Identity
from health_pipeline.core.identity.users import LINK_COLUMNS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.bench.scale.sizes import Scale

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SOURCE = "product"
LINKED_AT = datetime(2020, 1, 1, tzinfo=UTC)
ZIPF = 0.9
"""Exponent of account sizes: the largest account has some 5 % of all users, the median one 5."""

RARELY = 10
"""A user works with probability u^10, u uniform: a few nearly daily, most a few days a year."""


@dataclass(frozen=True)
class People:
    """Users in the order of the lake: by account_id, then user_id.

    Attributes:
        account_id, user_id, source_user_id, source_account_id: text, one a user.
        works: how likely the user is to work on a working day.
    """

    account_id: pl.Series
    user_id: pl.Series
    source_user_id: pl.Series
    source_account_id: pl.Series
    works: Floats

    @classmethod
    def of(cls, scale: Scale) -> People:
        """The same people for the same sizes."""
        rng = np.random.default_rng(1)
        share = np.arange(1, scale.accounts + 1, dtype=np.float64) ** -ZIPF
        # Everybody has one user; the others fall by Zipf's law.
        others = rng.choice(scale.accounts, scale.users - scale.accounts, p=share / share.sum())
        number = np.sort(np.concatenate([np.arange(scale.accounts), others]))
        works = rng.random(scale.users) ** RARELY
        mean = scale.active / scale.users
        users = pl.DataFrame(
            {
                "account_id": _ids("acc_", scale.accounts, 2).gather(number),
                "user_id": _ids("usr_", scale.users, 3),
                "source_user_id": pl.Series(rng.permutation(scale.users)),
                "source_account_id": pl.Series(number),
                "works": np.clip(works * mean / works.mean(), 0, 0.98),
            }
        ).with_columns(
            pl.format("u-{}", "source_user_id").alias("source_user_id"),
            pl.format("ws-{}", "source_account_id").alias("source_account_id"),
        )
        users = users.sort("account_id", "user_id")
        return cls(
            users["account_id"],
            users["user_id"],
            users["source_user_id"],
            users["source_account_id"],
            users["works"].to_numpy(),
        )

    def active(self, rng: np.random.Generator, weekday: int) -> Ints:
        """Who works on a day: ascending places."""
        rhythm = 1.18 if weekday < 5 else 0.55
        return np.flatnonzero(rng.random(len(self.works)) < self.works * rhythm).astype(np.int64)

    def user_links(self) -> pl.DataFrame:
        """`Identity.user_links`: everybody's, since long ago."""
        return self._linked(self.user_id, self.source_user_id).select(*LINK_COLUMNS)

    def account_xref(self) -> pl.DataFrame:
        """`Identity.account_xref`."""
        xref = RESULT_TABLES["account_xref"]
        rows = self._linked(self.account_id, self.source_account_id).unique(xref.key)
        return rows.select(*xref.columns).sort(xref.key)

    def _linked(self, *columns: pl.Series) -> pl.DataFrame:
        named = {column.name: column for column in (self.account_id, *columns)}
        return pl.DataFrame(named).with_columns(
            pl.lit(SOURCE).alias("source"),
            pl.lit(LINKED_AT).dt.cast_time_unit("us").alias("linked_at"),
            pl.lit("source_account").alias("rule"),
            pl.lit("").alias("evidence"),
            pl.lit(1.0).alias("confidence"),
        )


def _ids(prefix: str, count: int, seed: int) -> pl.Series:
    """`count` different ids of 16 hexadecimal digits, as identity gives them."""
    drawn = np.random.default_rng(seed).bytes(8 * count).hex()
    cut = pl.Series([drawn[n : n + 16] for n in range(0, 16 * count, 16)])
    return prefix + cut


def identity(user_links: pl.DataFrame, account_xref: pl.DataFrame) -> Identity:
    """What is linked, and nothing else: no conflicts, nobody to review."""
    none = pl.DataFrame()
    return Identity(account_xref, user_links, user_links, none, none, none, none, none)
