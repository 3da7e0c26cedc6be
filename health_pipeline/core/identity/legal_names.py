"""Legal names in one way of writing, by named rules in a fixed order (R23).

The order is that of `read_name`; docs/identity.md tells each rule with an example. `names` is the
same for a whole column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from health_pipeline.core.identity.beginnings import without_beginning, without_beginnings
from health_pipeline.core.identity.folding import (
    SIMPLE,
    simple_words,
    without_stops,
    words,
)
from health_pipeline.core.identity.legal_forms import (
    EAST_ASIAN,
    SPA_AS_A_WORD,
    form_pattern,
    has_spa,
)
from health_pipeline.core.identity.other_names import MAY_HAVE_OTHER_NAME, split_names
from health_pipeline.core.identity.placeholders import PLACEHOLDER, is_nobody
from health_pipeline.core.identity.scripts import disguise

LONGEST_NAME = 200
"""Characters. A longer text is an accident of some export; cut, two of them could become one."""

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
    key, other = (_bare_words(text, legal_suffixes) for text in (told.name, told.other))
    why = _unfit(key)
    return NameReading(None if why else key, None if _unfit(other) else other, why)


def _bare_words(written: str, legal_suffixes: Sequence[str] = ()) -> str:
    """The words of a name without legal forms, initials as one."""
    pattern = form_pattern(tuple(legal_suffixes), spa=has_spa(written))
    return _without_forms(_with_initials_joined(words(written)), pattern)


def _with_initials_joined(name: str) -> str:
    """`i b m` is `ibm`."""
    return _initials.sub(lambda found: found[0].replace(" ", ""), name)


def _without_forms(name: str, pattern: re.Pattern[str]) -> str:
    """Legal forms dropped from the end and the beginning, and a leading "the"."""
    return EAST_ASIAN.sub("", without_beginning(pattern.sub("", name)))


def _unfit(name: str) -> str:
    """Why these words name nobody; empty when they do name somebody."""
    if is_nobody(name):
        return f"a placeholder, not a name: {name}"
    if re.fullmatch(r"[0-9 ]*", name):
        return "no letter"
    return "one character only" if len(name) == 1 else ""


def is_placeholder(value: str) -> bool:
    """Whether a written name names nobody: N/A, Test, a mere number."""
    return bool(_unfit(_bare_words(value)))


def normalised_name(value: str, legal_suffixes: Sequence[str] = ()) -> str | None:
    """The words of a legal name: `read_name(value).key`."""
    return read_name(value, legal_suffixes).key


def _by_hand(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    keys = [None if v is None else normalised_name(v, legal_suffixes) for v in values.to_list()]
    return pl.Series(keys, dtype=pl.String)


def _in_bulk(names: pl.Series, written: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """`_without_forms` and `_unfit` of the words of what is written."""
    suffixes = tuple(legal_suffixes)
    bare = names.str.replace(form_pattern(suffixes).pattern, "")
    spas = written.str.contains(SPA_AS_A_WORD).fill_null(value=False).arg_true()
    kept = names.gather(spas).str.replace(form_pattern(suffixes, spa=True).pattern, "")
    bare = without_beginnings(bare.scatter(spas, kept))
    unfit = bare.str.contains(rf"^(?:[0-9 ]*|{PLACEHOLDER})$") | (bare.str.len_chars() < 2)
    return pl.select(pl.when(~unfit).then(bare)).to_series()


_ODD = r"(?i)[^a-z0-9 ]|  |^ | $|(?:^| )[a-z] [a-z](?: |$)|" + MAY_HAVE_OTHER_NAME.removeprefix(
    "(?i)"
)


def _are_odd(values: pl.Series) -> pl.Series:
    """Whether more must be done to a value than to write it in small letters; null for null."""
    ascii_only = values.str.len_bytes() == values.str.len_chars()
    return ~ascii_only | values.str.contains(_ODD) | (values.str.len_chars() > LONGEST_NAME)


def read_names(values: pl.Series, legal_suffixes: Sequence[str]) -> tuple[pl.Series, pl.Series]:
    """`read_name(...).key` and `.other` of every value."""
    odd = _are_odd(values)
    plain, rest = odd.eq_missing(other=False).arg_true(), odd.fill_null(value=False).arg_true()
    keys = pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))
    written = values.gather(plain)
    keys = keys.scatter(plain, _in_bulk(written.str.to_lowercase(), written, legal_suffixes))
    others = keys.clear().extend_constant(None, len(values))
    if rest.is_empty():
        return keys, others
    asked = values.gather(rest)
    told = _others_of(asked, legal_suffixes)
    return keys.scatter(rest, _odd_names(asked, legal_suffixes)), others.scatter(rest, told)


def names(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """`normalised_name` of every value."""
    return read_names(values, legal_suffixes)[0]


def other_names(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """The key of the former or trading name that a value tells beside the name; mostly null."""
    return read_names(values, legal_suffixes)[1]


def _odd_names(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """`names` of values that are not null.

    Values in Latin letters are folded as columns; the others, and those that tell two names or hold
    initials, one by one.
    """
    simple = values.str.contains(SIMPLE) & (values.str.len_chars() <= LONGEST_NAME)
    simple &= ~values.str.contains(MAY_HAVE_OTHER_NAME)
    ascii_only = values.str.len_bytes() == values.str.len_chars()
    alone = [(~simple).arg_true()]
    keys = pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
    for alike in (ascii_only, ~ascii_only):
        rows = (simple & alike).arg_true()
        written = values.gather(rows)
        words = simple_words(written)
        alone.append(rows.filter(words.str.contains(_INITIALS)))
        keys = keys.scatter(rows, _in_bulk(words, written, legal_suffixes))
    single = pl.concat(alone)
    return keys.scatter(single, _by_hand(values.gather(single), legal_suffixes))


def _others_of(values: pl.Series, legal_suffixes: Sequence[str]) -> pl.Series:
    """`other_names` of values that are not null."""
    rows = values.str.contains(MAY_HAVE_OTHER_NAME).arg_true()
    others = [read_name(value, legal_suffixes).other for value in values.gather(rows).to_list()]
    none = pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
    return none.scatter(rows, pl.Series(others, dtype=pl.String))
