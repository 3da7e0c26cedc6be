"""The words of a name: case, accents and punctuation folded, and nothing else.

Only Latin letters are folded, and only to Latin ones; marks of other scripts carry meaning.
"""

from __future__ import annotations

import unicodedata

import polars as pl

from health_pipeline.core.identity.scripts import script_of

LETTERS = {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss"}
"""Latin letters that no mark distinguishes. Not ı: Unicode counts it as a look-alike of i."""

SPELLED = {"&": " and ", "+": " plus "}
DROPPED = ".'’‘`´"
"""Dropped, not a gap between words: "S.A." is "sa", "O'Neill" is "oneill"."""

_dropped = str.maketrans("", "", DROPPED)


def without_stops(text: str) -> str:
    """`text` without the stops and apostrophes that stand inside words."""
    return text.translate(_dropped)


def _without_accents(text: str) -> str:
    kept: list[str] = []
    latin = False
    for char in text:
        is_mark = unicodedata.category(char)[0] == "M"
        if is_mark and latin:
            continue
        latin = latin if is_mark else script_of(char) == "LATIN"
        kept.append(char)
    return "".join(kept)


def words(text: str) -> str:
    """The words of `text`, one blank between them; empty when there is no letter or digit."""
    folded = _without_accents(unicodedata.normalize("NFD", text.casefold()))
    for sign, spelled in (LETTERS | SPELLED).items():
        folded = folded.replace(sign, spelled)
    plain = unicodedata.normalize("NFC", without_stops(folded))
    kept = (c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in plain)
    return " ".join("".join(kept).split())


SIMPLE = r"^[ -~À-ıĴ-ľŁ-ňŊ-žƀ-ǃǍ-ǰǴ-ɏḀ-ẙẜẝẟ-ỿ‘’“”–—…®™©]*$"
"""Values that `simple_words` may fold: Latin letters, without those in a compatibility form."""


_ROUGH = r"[^\p{L}\p{M}\p{N} ]|  |^ | $"


def simple_words(values: pl.Series) -> pl.Series:
    """`words` of values that match `SIMPLE`."""
    text = values.str.to_lowercase()
    if not (values.str.len_bytes() == values.str.len_chars()).all():
        text = text.str.normalize("NFD").str.replace_all(r"[\x{300}-\x{36F}]", "")
        text = text.str.replace_many(list(LETTERS), list(LETTERS.values()))
    spelled = SPELLED | dict.fromkeys(DROPPED, "")
    text = text.str.replace_many(list(spelled), list(spelled.values()))
    rough = text.str.contains(_ROUGH).fill_null(value=False).arg_true()
    return text.scatter(rough, _smooth(text.gather(rough)))


def _smooth(text: pl.Series) -> pl.Series:
    """One blank for each gap between words."""
    gaps = text.str.replace_all(r"[^\p{L}\p{M}\p{N} ]+", " ")
    return gaps.str.replace_all(r" {2,}", " ").str.strip_chars(" ")
