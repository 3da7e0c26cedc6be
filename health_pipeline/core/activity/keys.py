"""Users as 64-bit numbers: what the window state is kept and looked up by."""

from __future__ import annotations

import hashlib

import polars as pl

PREFIX, LENGTH = "usr_", 20

NOBODY = f"{PREFIX}{0:016x}"
"""Stands in for a user where none is needed."""


def user_keys(ids: pl.Series) -> pl.Series:
    """A 64-bit number for each user id (UInt64, no nulls).

    The ids of this product carry exactly 64 bits (`usr_` and 16 hexadecimal digits), which are
    taken as they are: no two of them share a number. Ids of any other form get 64 bits of their
    BLAKE2b.
    """
    digits = ids.str.slice(len(PREFIX))
    keys = digits.str.to_integer(base=16, dtype=pl.UInt64, strict=False)
    own = (ids.str.len_bytes() == LENGTH) & ids.str.starts_with(PREFIX) & keys.is_not_null()
    if own.all():
        return keys
    others = ids.filter(~own).unique()
    hashed = pl.Series([_hashed(name) for name in others], dtype=pl.UInt64)
    named = pl.DataFrame([ids.alias("id"), keys.alias("key"), own.alias("own")])
    other = pl.col("id").replace_strict(others, hashed, default=None)
    return named.select(pl.when("own").then("key").otherwise(other)).to_series()


def _hashed(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
