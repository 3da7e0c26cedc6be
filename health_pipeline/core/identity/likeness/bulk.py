"""Plain names read as columns: most names, and most words, need no look at each one."""

from __future__ import annotations

from functools import cache

import polars as pl

from health_pipeline.core.identity.legal_forms import BEFORE_THE_NAME
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
_BARE = rf"^{_WORDS}\.?$"
_ENDED = rf"^{_WORDS}(?: [A-Za-z]+\.?|, ?[A-Za-z]{{2,8}}\.?| (?:[A-Za-z]\.){{2,5}})$"
_END = r",? ?[^ ,]+$"
LETTERS_AND = r"(?i)\b(\w{1,2})(?: ?[&+] ?| and )(\w{1,2})\b"
"""Letters with an "and" between: AT and T, P & G, K+S."""

FIRST = ("the", "pt", *BEFORE_THE_NAME)
"""Words that are dropped from the beginning of a name. The exact rules leave PT: it is a word."""

_PLAIN_HOST = r"^([a-z0-9]{1,63})\.[a-z0-9]{2,63}$"
_LONG_END = r"\.[a-z]{4,}$"
"""A top level that may be a brand of its own: global.toyota."""

AROUND = ("soft", "place")
"""Kinds of words that people leave off at the end of initials."""

_SMALL = rf"\b(?:{'|'.join(sorted(STOP))})\b ?"
_FIRST = r"([^ ])[^ ]*(?: |$)"
_NOTHING = pl.Series([None], dtype=pl.String)
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
    longest = int(keys.item().str.len_chars().max() or 0) + 1
    letters = words.str.len_chars()
    rows = (letters.is_between(LONG, longest) & ~found).arg_true()
    found = found.scatter(rows.filter(words.gather(rows).is_in(keys)), values=True)
    for at in range(longest):
        rows = rows.filter(letters.gather(rows) > at)
        long = words.gather(rows)
        near = (long.str.head(at) + long.str.slice(at + 1)).is_in(keys)
        found = found.scatter(rows.filter(near), values=True)
        rows = rows.filter(~near)
    return found


def kinds(words: pl.Series) -> pl.Series:
    """`words.kind_of` each of some distinct words."""
    asked = may_be_general(words).arg_true()
    found = pl.Series("kind", ["rare"]).new_from_index(0, len(words))
    known = [kind_of(word) for word in words.gather(asked).to_list()]
    return found.scatter(asked, pl.Series(known, dtype=pl.String))


def plain_labels(values: pl.Series) -> pl.Series:
    """The label of plain domains, their one form; null where `forms.domain_forms` must read one."""
    labels = values.str.extract(_PLAIN_HOST)
    branded = labels.is_in(_general()) & values.str.contains(_LONG_END)
    return labels.set(branded, None)


def plain_initials(texts: pl.Series) -> pl.Series:
    """The readings of initials of `plain_texts`, with blanks between; empty where there is none.

    As `forms.Form.initials`: of all words, without small words, without general words at the end.
    """
    rows = texts.str.count_matches(" ", literal=True).is_between(1, 9).arg_true()
    several = texts.gather(rows)
    small = several.str.contains(_SMALL).arg_true()
    without = several.gather(small).str.replace_all(_SMALL, "").str.strip_chars_end(" ")
    large = several.clone().scatter(small, without)
    short, shorter = _without_ends(large)
    whole, less = (_reading(text) for text in (several, short.gather(shorter)))
    readings = pl.DataFrame({"all": whole, "short": whole.clone().scatter(shorter, less)})
    # The shorter of two readings that begin alike is the first of them.
    same, one, other = pl.col("all") == pl.col("short"), pl.col("short"), pl.col("all")
    both = pl.concat_str(one, other, separator=" ", ignore_nulls=True)
    found = readings.select(pl.when(same).then(other).otherwise(both)).to_series()
    if not small.is_empty():
        ways = (text.gather(small) for text in (several, large, short))
        lists = pl.DataFrame(_reading(text).alias(str(n)) for n, text in enumerate(ways)).select(
            pl.concat_list(pl.all()).list.drop_nulls().list.unique().list.sort().list.join(" ")
        )
        found = found.scatter(small, lists.to_series())
    none = pl.Series("initials", [""]).new_from_index(0, len(texts))
    return none.scatter(rows, found.fill_null(""))


def _reading(texts: pl.Series) -> pl.Series:
    """The first letters of words; null where they are no initials."""
    letters = texts.str.replace_all(_FIRST, "$1")
    return letters.zip_with(letters.str.len_bytes().is_between(2, 8), _NOTHING)


def _without_ends(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Without the general words at the end, as long as two words remain; and which had any."""
    found, open_ = texts.clone(), texts.str.count_matches(" ", literal=True)
    rows = (open_ > 1).arg_true()
    cut = rows.clear()
    while not rows.is_empty():
        told = found.gather(rows)
        last = told.str.extract(r"([^ ]+)$")
        vocabulary = last.unique()
        around = vocabulary.filter(kinds(vocabulary).is_in(AROUND))
        ends = last.is_in(around.implode())
        rows, told = rows.filter(ends), told.filter(ends).str.replace(r" [^ ]+$", "")
        found = found.scatter(rows, told)
        cut = cut if len(cut) else rows
        rows = rows.filter(told.str.count_matches(" ", literal=True) > 1)
    return found, cut


def plain_texts(values: pl.Series) -> pl.Series:
    """The words of plain names, lower case, without the legal form.

    A name is plain where each word begins with its only capital letter and at most one word behind
    them is part of a legal form: its one form has these words, and the initials of them.

    Returns:
        Null where a name must be read by `forms.name_forms`.
    """
    text = pl.col("value")
    ended = pl.when(text.str.contains(_ENDED)).then(text)
    frame = values.to_frame("value").with_columns(
        pl.when(text.str.contains(_BARE)).then(text.str.strip_suffix(".")).alias("bare"),
        ended.str.replace(_END, "").alias("head"),
    )
    end = text.str.slice(pl.col("head").str.len_chars()).str.replace_all(r"[., ]", "")
    frame = frame.select(
        pl.col("bare", "head").str.to_lowercase(),
        end.str.to_lowercase().alias("end"),
        (values.str.len_bytes() <= _LONGEST).alias("short"),
    )
    stripped = _untouched("head") & pl.col("end").is_in(_one_word_forms())
    letters = values.str.contains(LETTERS_AND)
    return frame.select(
        pl.when(pl.col("short") & ~letters)
        .then(pl.when(_untouched("bare")).then("bare").when(stripped).then("head"))
        .alias("text")
    )["text"]


def _untouched(text: str) -> pl.Expr:
    """Whether no legal form ends this text, and no article begins it."""
    last, first = (pl.col(text).str.extract(end) for end in (r"([^ ]+)$", r"^([^ ]+)"))
    return ~last.is_in(_parts_of_forms()) & ~first.is_in(FIRST)
