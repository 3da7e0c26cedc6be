"""How figures are written for people, the same in every stage."""

from __future__ import annotations

from math import floor

import polars as pl

DRIFT = 1e-9
"""A sum of floats may fall this short of the decimal that it means."""


NOT_ASKED = "not evaluated, because not measured: "
"""In `gate_reason` it stands before the names of gates that could not be asked."""

TURNING = r"[\u{202A}-\u{202E}\u{2066}-\u{2069}\u{200E}\u{200F}\u{061C}]"
"""Unicode's marks, embeddings, overrides and isolates of direction."""


def floored(score: pl.Expr) -> pl.Expr:
    """A score at one decimal, floored, so that no Yellow of 79.99 shows as 80.0."""
    # polars divides by multiplying with 0.1, which leaves 88.80000000000001
    return ((score * 10 + DRIFT).floor() / 10).round(1)


def score_text(score: pl.Expr) -> pl.Expr:
    """`floored` as text with exactly one decimal: 51.2, 80.0."""
    return floored(score).cast(pl.String)


def score_words(score: float | None) -> str:
    """One score as `score_text` writes it; a dash if there is none."""
    return "-" if score is None else f"{floor(score * 10 + DRIFT) / 10:.1f}"


def percent(share: pl.Expr) -> pl.Expr:
    """A share in whole per cent, floored, so that no 59.6% shows as the 60% that it lacks."""
    return (share * 100 + DRIFT).floor().cast(pl.Int32)


def percent_words(share: float) -> str:
    """One share as `percent` gives it: 59%."""
    return f"{floor(share * 100 + DRIFT)}%"


def counted(count: int, thing: str) -> str:
    """`1 account`, `2 accounts`: of things whose plural ends with an s."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def grouped(number: pl.Expr) -> pl.Expr:
    """A whole number with thousands separators: 1,234,567; null stays null."""
    digits = number.abs().cast(pl.String)
    sign = pl.when(number < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    threes = [  # of the seven that an Int64 may have, the highest first
        pl.when(digits.str.len_bytes() > 3 * lower).then(
            (digits.str.head(-3 * lower) if lower else digits).str.tail(3)
        )
        for lower in reversed(range(7))
    ]
    told = sign + pl.concat_str(threes, separator=",", ignore_nulls=True)
    return pl.when(number.is_not_null()).then(told)


def spaced(name: pl.Expr) -> pl.Expr:
    """A snake_case name as words."""
    return name.str.replace_all("_", " ")


def cap_words() -> pl.Expr:
    """The words of `gate_reason` for the cap; null where no `gate` lowers the tier."""
    words = pl.col("gate_reason").str.split_exact(NOT_ASKED, 1).struct.field("field_0")
    return pl.when(pl.col("gate").is_not_null()).then(words.str.strip_chars_end("; ."))


def unasked_words() -> pl.Expr:
    """Which gates could not be asked, as `gate_reason` says; null where all were."""
    return spaced(pl.col("gate_reason").str.split_exact(NOT_ASKED, 1).struct.field("field_1"))


def one_line(text: pl.Expr, longest: int = 200) -> pl.Expr:
    """Free text of a source on one line, cut after `longest` characters.

    Control characters are spaces, and characters that turn the direction of what follows are left
    out: a name would change how the sentence around it reads.
    """
    flat = text.str.replace_all(TURNING, "").str.replace_all(r"[\s\p{Cc}]+", " ").str.strip_chars()
    return (
        pl.when(flat.str.len_chars() > longest)
        .then(flat.str.slice(0, longest - 1) + "…")
        .otherwise(flat)
    )
