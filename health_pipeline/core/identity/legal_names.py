"""Legal names in one way of writing, by named rules in a fixed order (R23).

The order is that of `read_name`; docs/identity.md tells each rule with an example. `names` is the
same for a whole column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from health_pipeline.core.identity.folding import (
    SIMPLE,
    are_words,
    simple_words,
    without_stops,
    words,
)
from health_pipeline.core.identity.legal_forms import EAST_ASIAN, START, form_pattern
from health_pipeline.core.identity.other_names import MAY_HAVE_OTHER_NAME, split_names
from health_pipeline.core.identity.scripts import disguise

LONGEST_NAME = 200
"""Characters. A longer text is an accident of some export; cut, two of them could become one."""

PLACEHOLDERS = (
    *("company", "corporation", "gmbh", "inc", "limited", "llc", "ltd", "the"),
    *("customer", "default", "demo", "my company", "new account", "test", "test account"),
    *("freelance", "freelancer", "individual", "personal", "private", "self", "self employed"),
    *("n a", "na", "nil", "no company", "no name", "none", "not available", "not provided"),
    *("null", "student", "tba", "tbd", "unassigned", "undefined", "unknown", "unnamed", "xxx"),
)
"""What people and forms write when there is no name, after the rules before."""

_INITIALS = r"(?:^| )[a-z] [a-z](?: |$)"
_initials = re.compile(r"(?<![^ ])[a-z](?: [a-z])+(?![^ ])")


@dataclass(frozen=True, slots=True)
class NameReading:
    """What a written name says: a key, a second name's key, or why there is none."""

    key: str | None = None
    other: str | None = None
    why: str = ""


def read_name(value: str, legal_suffixes: Sequence[str] = ()) -> NameReading:
    """The keys of a written name.

    Returns:
        `key`: the name; `other`: a former or trading name that the text tells beside it; `why`:
        why there is no `key`, empty for an empty text.
    """
    if not value.strip():
        return NameReading()
    if len(value) > LONGEST_NAME:
        return NameReading(why=f"longer than {LONGEST_NAME} characters")
    if why := disguise(without_stops(value)):
        return NameReading(why=why)
    told = split_names(value)
    if told.why:
        return NameReading(why=told.why)
    pattern = form_pattern(tuple(legal_suffixes))
    key = _without_forms(_with_initials_joined(words(told.name)), pattern)
    other = _without_forms(_with_initials_joined(words(told.other)), pattern)
    why = _unfit(key)
    return NameReading(None if why else key, None if _unfit(other) else other, why)


def _with_initials_joined(name: str) -> str:
    """`i b m` is `ibm`."""
    return _initials.sub(lambda found: found[0].replace(" ", ""), name)


def _without_forms(name: str, pattern: re.Pattern[str]) -> str:
    """Legal forms dropped from the end and the beginning, and a leading "the"."""
    return EAST_ASIAN.sub("", START.sub("", pattern.sub("", name), count=1))


def _unfit(name: str) -> str:
    """Why these words name nobody; empty when they do name somebody."""
    if name in PLACEHOLDERS:
        return f"a placeholder, not a name: {name}"
    if re.fullmatch(r"[0-9 ]*", name):
        return "no letter"
    return "one character only" if len(name) == 1 else ""


def is_placeholder(value: str) -> bool:
    """Whether a written name names nobody: N/A, Test, a mere number."""
    return bool(_unfit(_without_forms(words(value), form_pattern(()))))


def normalised_name(value: str, legal_suffixes: Sequence[str] = ()) -> str | None:
    """The words of a legal name: `read_name(value).key`."""
    return read_name(value, legal_suffixes).key


def _by_hand(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    keys = [None if v is None else normalised_name(v, legal_suffixes) for v in values.to_list()]
    return pl.Series(keys, dtype=pl.String)


def _in_bulk(names: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """`_without_forms` and `_unfit` of words."""
    forms = form_pattern(tuple(legal_suffixes)).pattern
    bare = names.str.replace(forms, "")
    began = bare.str.contains(START.pattern).fill_null(value=False).arg_true()
    bare = bare.scatter(began, bare.gather(began).str.replace(START.pattern, ""))
    unfit = bare.is_in(PLACEHOLDERS) | bare.str.contains(r"^[0-9 ]*$") | (bare.str.len_chars() < 2)
    return pl.select(pl.when(~unfit).then(bare)).to_series()


def _lower(values: pl.Series) -> pl.Series:
    return values.str.to_lowercase()


def names(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """`normalised_name` of every value.

    Values in Latin letters are folded as columns; the others, and those that tell two names or hold
    initials, one by one.
    """
    known = values.is_not_null()
    bare = are_words(values).fill_null(value=False)
    rest = (known & ~bare).arg_true()
    simple = bare.clone().scatter(rest, values.gather(rest).str.contains(SIMPLE))
    simple &= values.str.len_chars() <= LONGEST_NAME
    simple &= ~values.str.contains(MAY_HAVE_OTHER_NAME)
    alone = [(known & ~simple).fill_null(value=False).arg_true()]
    keys = pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
    ascii_only = values.str.len_bytes() == values.str.len_chars()
    ways = ((bare, _lower), (~bare & ascii_only, simple_words), (~ascii_only, simple_words))
    for alike, words_of in ways:
        rows = (known & simple & alike).fill_null(value=False).arg_true()
        words = words_of(values.gather(rows))
        initials = words.str.contains(_INITIALS)
        alone.append(rows.filter(initials))
        keys = keys.scatter(rows, _in_bulk(words, legal_suffixes))
    single = pl.concat(alone)
    by_hand = _by_hand(values.gather(single), legal_suffixes)
    return keys.scatter(single, by_hand).alias(values.name)


def other_names(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """The key of the former or trading name that a value tells beside the name; mostly null."""
    telling = values.filter(
        values.str.contains(MAY_HAVE_OTHER_NAME).fill_null(value=False)
    ).unique()
    if telling.is_empty():
        return pl.Series("key", [None], dtype=pl.String).new_from_index(0, len(values))
    keys = [read_name(value, legal_suffixes).other for value in telling.to_list()]
    mapped = pl.DataFrame({"value": telling, "key": pl.Series(keys, dtype=pl.String)})
    everyone = pl.DataFrame({"value": values})
    return everyone.join(mapped, on="value", how="left", maintain_order="left")["key"]
