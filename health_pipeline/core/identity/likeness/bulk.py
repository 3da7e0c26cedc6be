"""Plain names read as columns: the words of most of them need no look at each one."""

from __future__ import annotations

from functools import cache

import polars as pl

from health_pipeline.core.identity.likeness.words import legal_ends, legal_forms

_WORD = r"(?:[A-Z]?[a-z]+|[0-9]+|[A-Z])"
_WORDS = rf"{_WORD}(?: {_WORD})*"
_BARE = rf"^({_WORDS})\.?$"
_ENDED = rf"^({_WORDS})(?: ([A-Za-z]+)\.?|, ?([A-Za-z]{{2,8}})\.?| ((?:[A-Za-z]\.){{2,5}}))$"
_LONGEST = 80
"""Characters of a name that is plain for `forms.name_forms` too."""


@cache
def _one_word_forms() -> pl.Series:
    return pl.Series(sorted(form[0] for form in legal_forms() if len(form) == 1)).implode()


@cache
def _parts_of_forms() -> pl.Series:
    """Words that may belong to a legal form, wherever they stand in it."""
    return pl.Series(sorted({w for form in legal_forms() for w in form} | legal_ends())).implode()


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
