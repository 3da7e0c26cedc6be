"""The keys of words: leading words, single words, initials, near spellings, as columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from health_pipeline.core.identity.columns import distinct_of
from health_pipeline.core.identity.forest import Ints
from health_pipeline.core.identity.likeness.bulk import kinds
from health_pipeline.core.identity.likeness.words import BEFORE, FORMED, GLUED, plain

LEFTOVERS = ("rare", "trade", "soft", "place")
_BEFORE, _AFTER = f"(?P<before>{'|'.join(BEFORE)})", f"(?P<after>{'|'.join(GLUED)})"
_CUTS = (
    rf"^(?P<key>.{{3,}}?){_AFTER}$",
    rf"^{_BEFORE}(?P<key>.{{4,}})$",
    rf"^{_BEFORE}(?P<key>.{{4,}}?){_AFTER}$",
)
_FORMED = rf"^(.{{4,}}?)(?:{'|'.join(FORMED)})$"
_SPELT = (5, 24)
NOTHING = pl.lit("")
_KEY = ("words", "how", "key", "since", "until", "glued")


@dataclass(frozen=True, slots=True)
class Words:
    """Words of forms with what each tells.

    Attributes:
        lists: words (a number), said and plain (lists of words, the latter empty for small ones
            inside), initials (list), size, first and last (places of the telling words, null where
            there is none).
        places: words, at (the place), word, plain, kind, telling.
    """

    lists: pl.DataFrame
    places: pl.DataFrame

    def leftovers(self, keys: pl.DataFrame) -> pl.DataFrame:
        """What keys leave over: row, rest, and how many words of it are of each kind.

        Args:
            keys: row, words, since, until (the words that the key covers), glued (what was cut off
                a word, soft words with blanks between).
        """
        outside = (pl.col("at") < pl.col("since")) | (pl.col("at") >= pl.col("until"))
        kind, size = pl.col("kind"), pl.Series("size", np.bincount(self.places["words"].to_numpy()))
        some = (pl.col("since") > 0) | (pl.col("until") < size.gather(keys["words"]))
        words = (
            keys.filter(some)
            .join(
                self.places.filter(kind.is_in(LEFTOVERS)),
                on="words",
                maintain_order="left_right",  # the words of a row in their order
            )
            .filter(outside)
            .select("row", pl.col("plain").alias("rest"), "kind")
        )
        several = words["row"].is_duplicated()  # few: texts are joined one row after the other
        counts = [(kind == name).cast(pl.Int8).alias(name) for name in LEFTOVERS]
        rest = pl.concat(
            [
                words.filter(~several).select("row", "rest", *counts),
                words.filter(several)
                .with_columns(counts)
                .group_by("row")
                .agg(pl.col("rest").str.join(" "), pl.col(LEFTOVERS).sum().cast(pl.Int8)),
            ]
        )
        glued = pl.col("glued")
        whole = keys.select("row", "glued").join(rest, on="row", how="left")
        known = [pl.col(name).fill_null(0) for name in LEFTOVERS if name != "soft"]
        soft = pl.col("soft").fill_null(0) + (glued != "").cast(pl.Int8)
        left = pl.concat_str(
            pl.when(glued != "").then(glued), "rest", separator=" ", ignore_nulls=True
        )
        told = whole.with_columns(left.alias("rest"), *known, soft.alias("soft"))
        return told.select("row", "rest", *LEFTOVERS)


def told_words(read: pl.DataFrame, common: Collection[str]) -> Words:
    """`Words` of texts and readings of their initials; `common` are soft words.

    Args:
        read: text, initials, as of `keys.FORMS`.
        common: words that tell no company in the data at hand.
    """
    lists = read.select(
        pl.col("text").str.split(" ").alias("said"),
        pl.when(pl.col("initials") != "").then(pl.col("initials").str.split(" ")).alias("initials"),
        pl.int_range(pl.len()).alias("words"),
    )
    places = lists.select("words", pl.col("said").alias("word")).explode("word")
    vocabulary, place = distinct_of(places["word"])
    known = known_words(vocabulary, common).drop("word")
    places = pl.concat([places, known[place]], how="horizontal").with_columns(
        pl.Series("at", _places_within(places["words"].to_numpy())),
        ((pl.col("kind") == "rare") & ~pl.col("number")).alias("telling"),
    )
    # Bank of Montreal is also written Bank Montreal; La Poste is not Poste.
    inside = (pl.col("at") > 0) & (pl.col("words") == pl.col("words").shift(-1))
    small = places.select((pl.col("kind") == "stop") & inside).to_series().arg_true()
    plainly = places["plain"].scatter(small, "")
    telling = pl.col("at").filter("telling")
    by = (
        places.with_columns(plainly)
        .group_by("words", maintain_order=True)
        .agg(
            "plain",
            pl.len().cast(pl.Int64).alias("size"),
            telling.min().alias("first"),
            telling.max().alias("last"),
        )
    )
    return Words(lists.join(by, on="words"), places)


def _places_within(words: Ints) -> Ints:
    """Of each row its place among those of the same number, which follow each other."""
    starts = np.flatnonzero(np.diff(words, prepend=-1))
    return np.arange(words.size) - np.repeat(starts, np.diff(starts, append=words.size))


def known_words(vocabulary: pl.Series, common: Collection[str]) -> pl.DataFrame:
    """word, plain, kind, number (bool) of each word."""
    kind, word = pl.col("kind"), pl.col("word")
    known = pl.DataFrame({"word": vocabulary, "kind": kinds(vocabulary)})
    spelled = known["kind"].is_in(("soft", "trade")).arg_true()
    soft = (kind == "rare") & word.is_in(list(common))
    known = known.with_columns(pl.when(soft).then(pl.lit("soft")).otherwise(kind).alias("kind"))
    numeric = known["word"].str.contains(r"^\p{N}+$").arg_true()
    number = pl.Series("number", [False]).new_from_index(0, known.height)
    are = [word.isdigit() for word in known["word"].gather(numeric).to_list()]
    plainly = [plain(word) for word in vocabulary.gather(spelled).to_list()]
    return known.with_columns(
        number.scatter(numeric, pl.Series(are, dtype=pl.Boolean)),
        vocabulary.clone().scatter(spelled, pl.Series(plainly, dtype=pl.String)).alias("plain"),
    )


def search_keys(words: Words) -> pl.DataFrame:
    """All keys: words, how, key, since and until (the words covered), glued (what was cut off)."""
    lists, since, until = words.lists, pl.lit(0, pl.Int64), pl.col("size")
    telling = lists.filter(pl.col("first").is_not_null())
    general = lists.filter(pl.col("first").is_null())
    several = pl.when(pl.col("size") > 1).then(pl.lit("general")).otherwise(pl.lit("generic"))
    how = pl.when(pl.col("first").is_not_null()).then(pl.lit("whole")).otherwise(several)
    said, plainly = (pl.col(name).list.join("") for name in ("said", "plain"))
    named = lists.select("words", "size", how.alias("how"), said.alias("key"), plainly.alias("as"))
    respelled = named.filter(pl.col("as") != pl.col("key")).with_columns(key="as")
    headed = _heads(general, words.places)
    initials = lists.select("words", "size", key="initials").explode("key").drop_nulls()
    single = named.filter(pl.col("size") == 1, pl.col("how") == "whole")
    formed = single.with_columns(pl.col("key").str.extract(_FORMED)).drop_nulls("key")
    parts = [
        *(_keys(rows, pl.col("how"), since, until) for rows in (named, respelled)),
        _keys(formed, pl.lit("formed"), since, until),
        _keys(initials, pl.lit("initials"), since, until),
        _keys(headed, pl.lit("headed"), since, pl.col("end")),
        *_leading(telling, words.places),
        *_first_words(telling, words.places),
    ]
    return pl.concat(parts)


def _keys(
    rows: pl.DataFrame, how: pl.Expr, since: pl.Expr, until: pl.Expr, glued: pl.Expr = NOTHING
) -> pl.DataFrame:
    named = (how.alias("how"), since.alias("since"), until.alias("until"), glued.alias("glued"))
    return rows.with_columns(named).select(_KEY)


def _joined(since: pl.Expr, until: pl.Expr) -> pl.Expr:
    return pl.col("said").list.slice(since, until - since).list.join("").alias("key")


def _heads(general: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The first words of names of general words, two at least, with end: the last does not join."""
    end = pl.col("end")
    heads = general.filter(pl.col("size") > 2).with_columns(end=pl.int_ranges(2, "size"))
    heads = heads.explode("end").filter(end < pl.col("size"))
    return heads.filter(places["kind"].gather(_last_of(heads, places)) != "stop").with_columns(
        _joined(pl.lit(0, pl.Int64), end)
    )


def _last_of(ends: pl.DataFrame, places: pl.DataFrame) -> Ints:
    """The row of the last word before `end`: words of one text stand together."""
    begins = np.flatnonzero(places["at"].to_numpy() == 0)
    last: Ints = begins[ends["words"].to_numpy()] + ends["end"].to_numpy() - 1
    return last


def _spelt(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("key").str.len_chars().is_between(*_SPELT))


def _leading(telling: pl.DataFrame, places: pl.DataFrame) -> list[pl.DataFrame]:
    """Up to four words from the first telling one on; all words between the telling ones."""
    first, last, size = pl.col("first"), pl.col("last"), pl.col("size")
    ends = pl.concat([telling.with_columns((first + n).alias("end")) for n in (1, 2, 3, 4)])
    ends = ends.filter((pl.col("end") <= size) & ~((first == 0) & (pl.col("end") == size)))
    starts = ends.filter(places["kind"].gather(_last_of(ends, places)) != "stop")
    core = _spelt(telling.filter(last > first).with_columns(_joined(first, last + 1)))
    end = pl.col("end")
    return [
        _keys(starts.with_columns(_joined(first, end)), pl.lit("start"), first, end),
        _keys(core, pl.lit("spelt"), first, last + 1),
    ]


def _first_words(telling: pl.DataFrame, places: pl.DataFrame) -> list[pl.DataFrame]:
    """Single telling words; the first also without a glued ending, a short one without a letter."""
    at, letters = pl.col("at"), pl.col("key").str.len_chars()
    told = places.filter("telling").join(telling.select("words", "first"), on="words")
    told = told.select("words", "at", "first", key="word")
    firsts, others = told.filter(at == pl.col("first")), told.filter(at > pl.col("first"))
    cut = pl.concat(_cut(firsts, pattern) for pattern in _CUTS)
    begun = firsts.filter(letters.is_between(3, 4)).with_columns(
        pl.col("key").str.head(letters - 1)
    )
    return [
        _keys(cut, pl.lit("glued"), at, at + 1, pl.col("glued")),
        _keys(begun, pl.lit("begun"), at, at + 1),
        _keys(_spelt(firsts), pl.lit("spelt"), at, at + 1),
        _keys(others.filter(letters > 2), pl.lit("word"), at, at + 1),
    ]


def _cut(firsts: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """`firsts` without what is glued to their keys, and with it as glued; no others."""
    parts = firsts.select(pl.col("key").str.extract_groups(pattern).alias("parts")).unnest("parts")
    ends = pl.concat_str(parts.select(pl.exclude("key")).columns, separator=" ")
    told = parts.select("key", ends.alias("glued"))
    return pl.concat([firsts.drop("key"), told], how="horizontal").drop_nulls("key")
