"""Pairs that share something rare, and what speaks for and against each."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from health_pipeline.core.identity.columns import distinct_of
from health_pipeline.core.identity.likeness.agreed import shared_leftovers
from health_pipeline.core.identity.likeness.keys import (
    FLAGS,
    Keys,
    common_words,
    forms_of,
    keys_of,
    respelt,
)
from health_pipeline.core.identity.likeness.words import GLUED

HOLDERS = 30
"""A key that more accounts of other systems hold tells nothing and is not searched."""

_MET = ("row", "row_right", "form", "form_right", "source", "level", "key", "letters", "holders")
_LEADING = ("whole", "start")
_MEETINGS: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("general",), ("general", "whole"), "general"),
    (("whole",), ("general",), "general"),
    (("generic",), ("generic",), "generic"),
    (("headed",), ("general",), "headed"),
    (("general",), ("headed",), "headed"),
    (("whole",), ("whole",), "exact"),
    (("formed",), ("whole",), "exact"),
    (("whole",), ("formed",), "exact"),
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

OF_A_DOMAIN = {"exact": "label", "glued": "host"}
"""How a meeting is called where one side is a domain: endings are glued to domains for want of a
free one, to names because they belong there (SolidWorks is not Solid)."""

_HOW = pl.Enum(sorted({how for sides in _MEETINGS for one in sides[:2] for how in one} | {"spelt"}))


@cache
def _levels() -> pl.Series:
    """What each pair of ways is called, the left one first; null: they do not meet."""
    ways = _HOW.categories.to_list()
    return pl.Series(
        [
            next((said for one, two, said in _MEETINGS if left in one and right in two), None)
            for left in ways
            for right in ways
        ],
        dtype=pl.String,
    )


def _level(met: pl.DataFrame) -> pl.Series:
    """What each meeting of how and how_right is called."""
    left, right = (met[name].to_physical().cast(pl.Int64) for name in ("how", "how_right"))
    return _levels().gather(left * len(_HOW.categories) + right).alias("level")


def _numbered(keys: pl.DataFrame) -> pl.DataFrame:
    """`keys` with code, a number of each key: they join several times faster than texts do."""
    _, place = distinct_of(keys["key"])
    return keys.with_columns(place.alias("code"), pl.col("how").cast(_HOW))


def _few(right: pl.DataFrame, held: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Rows of `right` for each system that asks, with holders; not those of too many holders.

    Holders are the accounts that hold the key by a record of another system than the asking one:
    what a system says of one company in many records makes that company's name no commoner.

    Args:
        right: row, form, how, code.
        held: form, group, source: who holds each form of the right.
        asked: code, source: what is searched, for records of which system.
    """
    shown = right.select("row", "form", "how", "code")
    shown = shown.filter(pl.col("code").is_in(asked["code"].unique().implode()))
    wanted = shown.select("form", "code").unique().join(asked, on="code")
    by = (
        wanted.join(held, on="form", suffix="_right")
        .filter(pl.col("source") != pl.col("source_right"))
        .select("code", "source", "form", "group")
        .unique()
    )
    holders = by.group_by("code", "source").agg(
        pl.col("group").n_unique().cast(pl.Int64).alias("holders")
    )
    few = by.join(holders.filter(pl.col("holders") <= HOLDERS), on=["code", "source"])
    return shown.join(few.drop("group").unique(), on=["code", "form"])


def _met(left: pl.DataFrame, right: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Keys that meet by their words: `_MET`.

    Args:
        left: row, form, how, key, code, source.
        right: row, form, how, key, code.
        held: form, group, source of the right.
    """
    known = _few(right, held, left.select("code", "source").unique())
    met = left.join(known, on=["code", "source"])
    met = met.with_columns(_level(met))
    letters = pl.col("key").str.len_chars().cast(pl.Int64)
    chance = (pl.col("level") == "begun") & (letters < 3)
    initials = (pl.col("how") == "initials") | (pl.col("how_right") == "initials")
    levels = met.filter(pl.col("level").is_not_null() & ~(chance & initials))
    return levels.with_columns(letters.alias("letters")).select(_MET)


def _near_words(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Words one letter apart: code, code_right, key (of the right), letters.

    Args:
        left: key, code.
        right: key, code.

    Returns:
        `letters`: of the shorter word, less its ending.
    """
    sides = [side.select("key", "code").unique("code") for side in (left, right)]
    spelt = [respelt(side["key"]) for side in sides]
    met = spelt[0].join(spelt[1], on="key").select("word", "word_right").unique()
    one, two = sides[0][met["word"]], sides[1][met["word_right"]]
    apart = cpdist(one["key"].to_list(), two["key"].to_list(), scorer=OSA.distance)
    ending = f"({'|'.join(GLUED)})$"
    sizes = [side["key"].str.replace(ending, "").str.len_chars() for side in (one, two)]
    return pl.DataFrame(
        {
            "code": one["code"],
            "code_right": two["code"],
            "key": two["key"],
            "letters": pl.select(pl.min_horizontal(sizes).cast(pl.Int64)).to_series(),
        }
    ).filter(pl.Series(np.asarray(apart) == 1, dtype=pl.Boolean))


def _near(left: pl.DataFrame, right: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Forms with words one letter apart; arguments as of `_met`."""
    asking = left.drop("key").join(_near_words(left, right), on="code")
    known = _few(right, held, asking.select("source", code="code_right").unique())
    return (
        asking.join(
            known, left_on=["code_right", "source"], right_on=["code", "source"], suffix="_right"
        )
        .with_columns(pl.lit("near").alias("level"))
        .select(_MET)
    )


def _meetings(keys: pl.DataFrame, asking: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """All meetings of forms; near spellings only of forms whose leading words meet nothing.

    Args:
        keys: row, form, how, key, code.
        asking: form, source of the left.
        held: form, group, source of the right.
    """
    lefts = keys.join(asking, on="form")
    rights = keys.join(held.select("form").unique(), on="form", how="semi")
    spelt = pl.col("how") == "spelt"
    met = _met(lefts.filter(~spelt), rights.filter(~spelt), held)
    placed = met.filter(pl.col("level").is_in(["exact", "start", "general"]))
    open_forms = lefts.filter(spelt).join(placed, on=["form", "source"], how="anti")
    return pl.concat([met, _near(open_forms, rights.filter(spelt), held)])


def candidates(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Pairs of records of different systems that share a key, with features; never quadratic.

    Args:
        left: rec, kind (name, domain), value and optionally source; the records to place.
        right: the same and group: the account of each record (its own number where it is alone).

    Returns:
        left, right, group, level, key, letters, holders, accounts (all of the right), rest,
        rest_right and the leftovers by kind, several, doubtful; one row for each way in which a
        pair meets.
    """
    lefts, rights = _by_source(*(_with_source(*one) for one in ((left, "left"), (right, "right"))))
    every = pl.concat([left.select("rec", "kind", "value"), right.select("rec", "kind", "value")])
    read = forms_of(every.unique())
    named, forms = read.held, read.forms
    common = common_words(forms, read.names)
    keys = keys_of(forms, common)
    of_right = named.join(rights.select("rec", "group", "source").unique(), on="rec")
    of_left = named.join(lefts.select("rec", "source").unique(), on="rec")
    asking = of_left.select("form", "source").unique()
    met = _meetings(
        _numbered(keys.found), asking, of_right.select("form", "group", "source").unique()
    )
    pairs = (
        _with_both_sides(met, keys, forms)
        .join(of_left.rename({"rec": "left"}), on=["form", "source"])
        .join(of_right.rename({"rec": "right", "form": "form_right"}), on="form_right",
              suffix="_of_right")
        .filter(pl.col("source") != pl.col("source_of_right"), pl.col("left") != pl.col("right"))
        .with_columns(
            (pl.col("several") | pl.col("several_right")).alias("several"),
            (pl.col("doubtful") | pl.col("doubtful_right")).alias("doubtful"),
            pl.when(pl.col("domain") | pl.col("domain_right"))
            .then(pl.col("level").replace(OF_A_DOMAIN))
            .otherwise("level")
            .alias("level"),
            pl.lit(right["group"].n_unique()).alias("accounts"),
        )
    )  # fmt: skip
    helpers = ("row", "row_right", "domain", "domain_right", "source", "source_of_right")
    return shared_leftovers(_by_the_name(pairs).drop(helpers), common)


def _by_the_name(pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` without domains of accounts whose name says more under the same key.

    A domain leaves words out: that Delta Electronics is not Delta Air Lines with delta.com shows in
    the name alone.
    """
    same = ("left", "group", "key")
    more = [pl.col(f"{kind}_right") > 0 for kind in ("rare", "trade", "place")]
    named = pairs.filter(~pl.col("domain_right") & pl.any_horizontal(more)).select(same)
    asked = pl.col("domain_right") & (pl.col("rest") != "")
    kept = pairs.filter(asked).join(named, on=same, how="anti")
    return pl.concat([pairs.filter(~asked), kept])


def _with_both_sides(met: pl.DataFrame, keys: Keys, forms: pl.DataFrame) -> pl.DataFrame:
    """`met` with what each side leaves over, and the flags of its form.

    Rows and forms are places, so that nothing needs to be joined.
    """
    told, flags = keys.leftovers(pl.concat([met["row"], met["row_right"]])), forms.select(FLAGS)
    place = np.zeros(keys.found.height, dtype=np.int64)
    place[told["row"].to_numpy()] = np.arange(told.height)
    sides = [met]
    for end in ("", "_right"):
        row, form = (met[f"{name}{end}"].to_numpy() for name in ("row", "form"))
        side = pl.concat([told.drop("row")[place[row]], flags[form]], how="horizontal")
        sides.append(side.rename(lambda name, end=end: f"{name}{end}"))
    return pl.concat(sides, how="horizontal")


def _with_source(side: pl.DataFrame, name: str) -> pl.DataFrame:
    """`side` with its systems; where none are told, left and right are two."""
    return side if "source" in side.columns else side.with_columns(pl.lit(name).alias("source"))


def _by_source(left: pl.DataFrame, right: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both sides with a number for each system."""
    names = pl.Enum(pl.concat([left["source"], right["source"]]).drop_nulls().unique().sort())
    number = pl.col("source").cast(names).to_physical()
    return left.with_columns(number), right.with_columns(number)
