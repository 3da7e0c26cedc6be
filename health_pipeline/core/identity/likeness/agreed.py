"""Words that both names leave over: they speak neither for nor against."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from health_pipeline.core.identity.likeness.search import LEFTOVERS, known_words

SHORTEST = 4
"""Letters of a word that may be short for a longer one."""

LONG = 6
"""Letters of a word from which on one of them may be wrong."""


def shared_leftovers(met: pl.DataFrame, common: Collection[str]) -> pl.DataFrame:
    """`met` without the words that both sides leave over: they agree.

    A word agrees with itself, with what it is short for (biopharma and biopharmaceuticals), and
    with a long one that is a letter apart (robotics and robotcs).

    Args:
        met: with rest and the leftovers by kind of both sides.
        common: `common_words`, by which the leftovers were counted.
    """
    numbered = met.with_row_index("row")
    words = (
        numbered.filter(pl.col("rest") != "", pl.col("rest_right") != "")
        .select("row", *(pl.col(side).str.split(" ") for side in ("rest", "rest_right")))
        .explode("rest")
        .explode("rest_right")
    )
    short = _short_for("rest", "rest_right") | _short_for("rest_right", "rest")
    agreed = words.filter(short | _misspelt(words))
    less = [_counted(agreed, side, common) for side in ("rest", "rest_right")]
    for counts in less:
        numbered = numbered.join(counts, on="row", how="left", maintain_order="left")
    return numbered.with_columns(
        (pl.col(name) - pl.col(f"agreed_{name}").fill_null(0)).clip(0).alias(name)
        for kind in LEFTOVERS
        for name in (kind, f"{kind}_right")
    ).drop("row", *(name for counts in less for name in counts.columns if name != "row"))


def _short_for(one: str, other: str) -> pl.Expr:
    """Whether the word `one` is the word `other` or, long enough, its beginning."""
    long = pl.col(one).str.len_chars() >= SHORTEST
    begins = long & pl.col(other).str.starts_with(pl.col(one))
    return (pl.col(one) == pl.col(other)) | begins


def _misspelt(words: pl.DataFrame) -> pl.Series:
    """Which pairs are long words one letter apart; nobody errs in the first letter.

    Numbers are no misspelling of each other: Plant101, Plant102.
    """
    one, other = pl.col("rest"), pl.col("rest_right")
    sizes = (one.str.len_chars().cast(pl.Int64), other.str.len_chars().cast(pl.Int64))
    alike = (one.str.head(1) == other.str.head(1)) & ((sizes[0] - sizes[1]).abs() <= 1)
    long = pl.min_horizontal(*sizes) >= LONG
    long &= ~(one.str.contains("[0-9]") | other.str.contains("[0-9]"))
    asked = words.select(alike & long).to_series().fill_null(value=False).arg_true()
    pairs = (words[side].gather(asked).to_list() for side in ("rest", "rest_right"))
    apart = cpdist(*pairs, scorer=OSA.distance, score_cutoff=1)
    none = pl.Series([False]).new_from_index(0, words.height)
    return none.scatter(
        asked.filter(pl.Series(np.asarray(apart) <= 1, dtype=pl.Boolean)), values=True
    )


def _counted(agreed: pl.DataFrame, side: str, common: Collection[str]) -> pl.DataFrame:
    """row, agreed_…: how many words of each kind of one side agree."""
    words = agreed.select("row", word=side).unique()
    told = words.join(known_words(words["word"].unique(), common), on="word")
    end = side.removeprefix("rest")
    return told.group_by("row").agg(
        (pl.col("kind") == kind).sum().cast(pl.Int8).alias(f"agreed_{kind}{end}")
        for kind in LEFTOVERS
    )
