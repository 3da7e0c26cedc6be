"""How figures are written for people, the same in every stage."""

from __future__ import annotations

import polars as pl

DRIFT = 1e-9
"""A sum of floats may fall this short of the decimal that it means."""


def floored(score: pl.Expr) -> pl.Expr:
    """A score at one decimal, floored, so that no Yellow of 79.99 shows as 80.0."""
    return ((score * 10 + DRIFT).floor()) / 10


def score_text(score: pl.Expr) -> pl.Expr:
    """`floored` as text with exactly one decimal: 51.2, 80.0."""
    return floored(score).round(1).cast(pl.String)


def spaced(name: pl.Expr) -> pl.Expr:
    """A snake_case name as words."""
    return name.str.replace_all("_", " ")


def one_line(text: pl.Expr, longest: int = 200) -> pl.Expr:
    """Free text of a source on one line, cut after `longest` characters."""
    flat = text.str.replace_all(r"\s+", " ").str.strip_chars()
    return (
        pl.when(flat.str.len_chars() > longest)
        .then(flat.str.slice(0, longest - 1) + "…")
        .otherwise(flat)
    )
