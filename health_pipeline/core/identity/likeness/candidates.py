"""Pairs that share something rare, and what speaks for and against each."""

from __future__ import annotations

import numpy as np
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from health_pipeline.core.identity.likeness.forms import common_words
from health_pipeline.core.identity.likeness.keys import (
    LEFTOVERS,
    flags_frame,
    forms_of,
    keys_frame,
    respelt,
)
from health_pipeline.core.identity.likeness.words import GLUED, kind_of

HOLDERS = 30
"""A key that more accounts hold tells nothing and is not searched."""

_MET = ("row", "row_right", "form", "form_right", "level", "key", "letters", "holders")
_LEADING = ("whole", "start")
_MEETINGS: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("general",), ("general",), "general"),
    (("generic",), ("generic",), "generic"),
    (("headed",), ("general",), "headed"),
    (("general",), ("headed",), "headed"),
    (("whole",), ("whole",), "exact"),
    (_LEADING, _LEADING, "start"),
    (("word",), _LEADING, "word"),
    (_LEADING, ("word",), "word"),
    (("glued",), _LEADING, "glued"),
    (_LEADING, ("glued",), "glued"),
    (("initials",), _LEADING, "initials"),
    (_LEADING, ("initials",), "initials"),
    (("near",), ("near",), "near"),
    (("begun",), (*_LEADING, "initials"), "begun"),
    ((*_LEADING, "initials"), ("begun",), "begun"),
)
"""Which keys of the left meet which of the right, and what that is called; the first holds."""


def _level() -> pl.Expr:
    expr: pl.Expr = pl.lit(None, dtype=pl.String())
    for left, right, name in reversed(_MEETINGS):
        meets = pl.col("how").is_in(left) & pl.col("how_right").is_in(right)
        expr = pl.when(meets).then(pl.lit(name)).otherwise(expr)
    return expr


def _few(right: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Rows of `right` with holders: how many accounts hold the key; not those of too many."""
    held = right.select("form", "key").join(groups, on="form").unique(("key", "group"))
    holders = held.group_by("key").agg(pl.len().cast(pl.Int64).alias("holders"))
    return right.join(holders.filter(pl.col("holders") <= HOLDERS), on="key")


def _met(left: pl.DataFrame, right: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Keys that meet by their words: row and form of both, level, key, letters, holders.

    Args:
        left: row, form, how, key.
        right: the same.
        groups: form, group: the accounts of the right.
    """
    met = left.join(_few(right, groups), on="key").with_columns(_level().alias("level"))
    letters = pl.col("key").str.len_chars().cast(pl.Int64)
    chance = (pl.col("level") == "begun") & (letters < 3)
    initials = (pl.col("how") == "initials") | (pl.col("how_right") == "initials")
    levels = met.filter(pl.col("level").is_not_null() & ~(chance & initials))
    return levels.with_columns(letters.alias("letters")).select(_MET)


def _near_words(left: pl.Series, right: pl.Series) -> pl.DataFrame:
    """Words one letter apart: key (left), key_right, letters (of the shorter, less its ending)."""
    pairs = respelt(left).join(respelt(right), on="key").select("spelt", "spelt_right").unique()
    apart = cpdist(pairs["spelt"].to_list(), pairs["spelt_right"].to_list(), scorer=OSA.distance)
    ending = f"({'|'.join(GLUED)})$"
    sizes = [pl.col(s).str.replace(ending, "").str.len_chars() for s in ("spelt", "spelt_right")]
    return pairs.filter(pl.Series(np.asarray(apart) == 1, dtype=pl.Boolean)).select(
        pl.min_horizontal(sizes).cast(pl.Int64).alias("letters"),
        pl.col("spelt").alias("key"),
        pl.col("spelt_right").alias("key_right"),
    )


def _near(left: pl.DataFrame, right: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Forms with words one letter apart, in the shape of `_met`."""
    known = _few(right, groups)
    words = _near_words(left["key"], known["key"])
    return (
        left.join(words, on="key")
        .join(known, left_on="key_right", right_on="key", suffix="_right")
        .with_columns(pl.lit("near").alias("level"), pl.col("key_right").alias("key"))
        .select(_MET)
    )


def _meetings(keys: pl.DataFrame, left: pl.Series, groups: pl.DataFrame) -> pl.DataFrame:
    """All meetings of forms; near spellings only of forms whose leading words meet nothing.

    Args:
        keys: `keys_frame` with row.
        left: forms of the left.
        groups: form, group: the accounts of the right.
    """
    lefts = keys.filter(pl.col("form").is_in(left.implode()))
    rights = keys.join(groups.select("form").unique(), on="form", how="semi")
    narrow = ("row", "form", "how", "key")
    spelt = pl.col("how") == "spelt"
    one, two = (side.filter(~spelt).select(narrow) for side in (lefts, rights))
    met = _met(one, two, groups)
    placed = met.filter(pl.col("level").is_in(["exact", "start", "general"])).select("form")
    open_forms = lefts.filter(spelt).join(placed, on="form", how="anti")
    return pl.concat([met, _near(open_forms, rights.filter(spelt), groups)])


def _shared_leftovers(met: pl.DataFrame) -> pl.DataFrame:
    """`met` without the words that both sides leave over: they agree."""
    both = (pl.col("rest") != "") & (pl.col("rest_right") != "")
    numbered = met.with_row_index("row")
    words = numbered.filter(both).select(
        "row",
        pl.col("rest").str.split(" ").alias("word"),
        pl.col("rest_right").str.split(" ").alias("others"),
    )
    common = words.select("row", pl.col("word").list.set_intersection("others")).explode("word")
    common = common.drop_nulls()
    kinds = {word: kind_of(word) for word in common["word"].unique().to_list()}
    told = common.with_columns(
        pl.col("word").replace_strict(kinds, default="rare", return_dtype=pl.String).alias("kind")
    )
    counts = told.group_by("row").agg(
        *((pl.col("kind") == kind).sum().cast(pl.Int8).alias(f"same_{kind}") for kind in LEFTOVERS)
    )
    joined = numbered.join(counts, on="row", how="left")
    less = [
        (pl.col(name) - pl.col(f"same_{kind}").fill_null(0)).clip(0).alias(name)
        for kind in LEFTOVERS
        for name in (kind, f"{kind}_right")
    ]
    return joined.with_columns(less).drop("row", *(f"same_{kind}" for kind in LEFTOVERS))


def candidates(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Pairs that share a key, with their features; never quadratic.

    Args:
        left: rec, kind (name, domain), value; the records to place.
        right: the same and group: the account of each record (its own number where it is alone).

    Returns:
        left, right, group, level, key, letters, holders, accounts (all of the right), rest,
        rest_right and the leftovers by kind, several, doubtful; one row for each way in which a
        pair meets.
    """
    every = pl.concat([left.select("rec", "kind", "value"), right.select("rec", "kind", "value")])
    held, forms = forms_of(every.unique())
    keys = keys_frame(forms, common_words(forms, held.height)).with_row_index("row")
    of_right = held.join(right.select("rec", "group").unique(), on="rec")
    of_left = held.join(left.select("rec").unique(), on="rec", how="semi")
    met = _meetings(keys, of_left["form"].unique(), of_right.select("form", "group").unique())
    told = keys.select("row", "rest", *LEFTOVERS)
    flags = flags_frame(forms)
    pairs = (
        met.join(told, on="row")
        .join(told, left_on="row_right", right_on="row", suffix="_right")
        .join(flags, on="form")
        .join(flags, left_on="form_right", right_on="form", suffix="_right")
        .join(of_left.rename({"rec": "left"}), on="form")
        .join(of_right.rename({"rec": "right", "form": "form_right"}), on="form_right")
        .filter(pl.col("left") != pl.col("right"))
        .with_columns(
            (pl.col("several") | pl.col("several_right")).alias("several"),
            (pl.col("doubtful") | pl.col("doubtful_right")).alias("doubtful"),
            pl.when((pl.col("level") == "exact") & (pl.col("domain") | pl.col("domain_right")))
            .then(pl.lit("label"))
            .otherwise("level")
            .alias("level"),
            pl.lit(right["group"].n_unique()).alias("accounts"),
        )
    )
    return _shared_leftovers(pairs.drop("row", "row_right", "domain", "domain_right"))
