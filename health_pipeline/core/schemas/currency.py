"""Whose money is the model's: amounts of another currency are reported, never added up."""

from __future__ import annotations

import polars as pl


def in_currency(code: str) -> pl.Expr:
    """Whether a row's money is in `code`, the model's: so is that of a row without a currency."""
    return pl.col("currency").is_null() | (pl.col("currency").str.to_uppercase() == code)
