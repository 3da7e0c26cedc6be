"""Plain names read as columns: most names, and most words, need no look at each one."""

from __future__ import annotations

from functools import cache

import polars as pl

from health_pipeline.core.identity.likeness.words import (
    GENERAL,
    LONG,
    STOP,
    general_keys,
    kind_of,
    legal_ends,
    legal_forms,
)

_WORD = r"(?:[A-Z]?[a-z]+|[0-9]+|[A-Z])"
_WORDS = rf"{_WORD}(?: {_WORD})*"
_BARE = rf"^({_WORDS})\.?$"
_ENDED = rf"^({_WORDS})(?: ([A-Za-z]+)\.?|, ?([A-Za-z]{{2,8}})\.?| ((?:[A-Za-z]\.){{2,5}}))$"
_PLAIN_HOST = r"^([a-z0-9]{1,63})\.[a-z0-9]{2,63}$"
AROUND = ("soft", "place")
"""Kinds of words that people leave off at the end of initials."""

_LONGEST = 80
"""Characters of a name that is plain for `forms.name_forms` too."""


@cache
def _one_word_forms() -> pl.Series:
    return pl.Series(sorted(form[0] for form in legal_forms() if len(form) == 1)).implode()


@cache
def _parts_of_forms() -> pl.Series:
    """Words that may belong to a legal form, wherever they stand in it."""
    return pl.Series(sorted({w for form in legal_forms() for w in form} | legal_ends())).implode()


@cache
def _general() -> pl.Series:
    return pl.Series(sorted(GENERAL)).implode()


def may_be_general(words: pl.Series) -> pl.Series:
    """Whether `words.kind_of` must look at a word: each other one is rare."""
    legal = (words.str.len_chars() >= 3) & words.is_in(_one_word_forms())
    found = words.is_in(_general()) | legal
    keys = pl.Series(sorted(general_keys())).implode()
    longest = int(keys.item().str.len_chars().max() or 0) + 1  # type: ignore[operator]
    rows = (words.str.len_chars().is_between(LONG, longest) & ~found).arg_true()
    long = words.gather(rows)
    near = long.is_in(keys)
    for at in range(longest):
        near |= (long.str.head(at) + long.str.slice(at + 1)).is_in(keys)
    return found.scatter(rows.filter(near), values=True)


def kinds(words: pl.Series) -> pl.Series:
    """`words.kind_of` each of some distinct words."""
    asked = may_be_general(words).arg_true()
    found = pl.Series("kind", ["rare"]).new_from_index(0, len(words))
    known = [kind_of(word) for word in words.gather(asked).to_list()]
    return found.scatter(asked, pl.Series(known, dtype=pl.String))


def plain_labels(values: pl.Series) -> pl.Series:
    """The label of plain domains, their one form; null where `forms.domain_forms` must read one."""
    return values.str.extract(_PLAIN_HOST)


def plain_initials(texts: pl.Series) -> pl.Series:
    """The readings of initials of `plain_texts`, with blanks between; empty where there is none.

    As `forms.Form.initials`: of all words, without small words, without general words at the end.
    """
    rows = pl.DataFrame({"text": texts}).with_row_index("row")
    several = rows.filter(pl.col("text").str.count_matches(" ", literal=True).is_between(1, 9))
    words = several.select("row", pl.col("text").str.split(" ").alias("word")).explode("word")
    words = words.with_columns(
        pl.col("word").str.head(1).alias("letter"), large=~pl.col("word").is_in(list(STOP))
    )
    large = words.filter("large").with_columns(
        pl.len().over("row").alias("size"), pl.int_range(pl.len()).over("row").alias("at")
    )
    ends = large.filter(pl.col("size") > 2).select("row", "at", "word")
    vocabulary = ends["word"].unique()
    kind = pl.DataFrame({"word": vocabulary, "around": kinds(vocabulary).is_in(AROUND)})
    last = ends.join(kind.filter(~pl.col("around")), on="word").group_by("row")
    kept = last.agg((pl.col("at").max() + 1).alias("kept"))
    joined = pl.col("letter").str.join("")
    whole = words.group_by("row").agg(joined.alias("all"))
    bare = large.group_by("row").agg(joined.alias("large"), pl.col("size").first())
    told = whole.join(bare, on="row", how="left").join(kept, on="row", how="left")
    fewest = pl.when(pl.col("size") > 2).then(pl.max_horizontal("kept", 2)).otherwise("size")
    short = pl.col("large").str.head(fewest)
    readings = told.select("row", pl.concat_list("all", "large", short).alias("letters"))
    each = readings.explode("letters").filter(pl.col("letters").str.len_chars().is_between(2, 8))
    by = each.unique().sort("row", "letters").group_by("row", maintain_order=True)
    found = by.agg(pl.col("letters").str.join(" "))
    none = pl.Series("initials", [""]).new_from_index(0, len(texts))
    return none.scatter(found["row"], found["letters"])


def plain_texts(values: pl.Series) -> pl.Series:
    """The words of plain names, lower case, without the legal form.

    A name is plain where each word begins with its only capital letter and at most one word behind
    them is part of a legal form: its one form has these words, and the initials of them.

    Returns:
        Null where a name must be read by `forms.name_forms`.
    """
    frame = values.to_frame("value").with_columns(
        pl.col("value").str.extract(_BARE).str.to_lowercase().alias("bare"),
        pl.col("value").str.extract_groups(_ENDED).struct.rename_fields(["0", "1", "2", "3"]),
    )
    ended = pl.col("value").struct
    end = pl.coalesce(ended.field("1"), ended.field("2"), ended.field("3"))
    frame = frame.select(
        "bare",
        ended.field("0").str.to_lowercase().alias("head"),
        end.str.replace_all(".", "", literal=True).str.to_lowercase().alias("end"),
        (values.str.len_bytes() <= _LONGEST).alias("short"),
    )
    stripped = _untouched("head") & pl.col("end").is_in(_one_word_forms())
    return frame.select(
        pl.when("short")
        .then(pl.when(_untouched("bare")).then("bare").when(stripped).then("head"))
        .alias("text")
    )["text"]


def _untouched(text: str) -> pl.Expr:
    """Whether no legal form ends this text, and no article begins it."""
    last, first = (pl.col(text).str.extract(end) for end in (r"([^ ]+)$", r"^([^ ]+)"))
    return ~last.is_in(_parts_of_forms()) & (first != "the")
