"""What is dropped from the beginning of a name's words: "the", and legal forms that stand there."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from health_pipeline.core.identity.legal_forms import BEFORE_THE_NAME
from health_pipeline.core.identity.likeness.words import GENERAL

_FORMS = "|".join(BEFORE_THE_NAME)
_LATIN = "|".join(form for form in BEFORE_THE_NAME if form.isascii())
_TRADES = frozenset(
    (
        *("academics", "athletics", "bakery", "bar", "cafe", "care", "coffee", "department"),
        *("hospitals", "house", "kitchen", "library", "medicine", "news", "nursing", "pizza"),
        *("salon", "sport", "sports"),
    )
)
"""Words that tell no company, beside those that likeness knows."""

_general = GENERAL | _TRADES
_START = rf"^(?:(?:the|{_FORMS}) )+"
_NAMELESS = rf"^(?:the )*(?:{_LATIN}) (?:(?:{'|'.join(sorted(_general))})(?: |$))+$"
_start, _nameless = re.compile(_START), re.compile(_NAMELESS)
_article = re.compile(r"^(?:the )+")


def is_general(words: Iterable[str]) -> bool:
    """Whether `words` tell no company, so that a form before them is its name: UAB Medicine."""
    return all(word in _general for word in words)


def without_beginning(name: str) -> str:
    """`name` (words) without "the" and legal forms before it; a form that names it stays."""
    return (_article if _nameless.match(name) else _start).sub("", name, count=1)


def without_beginnings(names: pl.Series) -> pl.Series:
    """`without_beginning` of every value."""
    rows = names.str.contains(_START).fill_null(value=False).arg_true()
    began = names.gather(rows)
    plain = began.str.contains(_NAMELESS)
    bare = began.str.replace(_article.pattern, "").zip_with(plain, began.str.replace(_START, ""))
    return names.scatter(rows, bare)
