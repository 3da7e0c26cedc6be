"""The keys under which a form is found: leading words, single words, initials, near spellings."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from health_pipeline.core.identity.likeness.forms import (
    Form,
    domain_forms,
    kinds_of,
    name_forms,
)
from health_pipeline.core.identity.likeness.words import GLUED, plain

NAMES: dict[str, pl.DataType] = {"rec": pl.Int64(), "kind": pl.String(), "value": pl.String()}
LEFTOVERS = ("rare", "trade", "soft", "place")
_KEYS: dict[str, pl.DataType] = {
    "form": pl.Int64(),
    "how": pl.String(),
    "key": pl.String(),
    "rest": pl.String(),
    **dict.fromkeys(LEFTOVERS, pl.Int8()),
}

Key = tuple[str, str, str, int, int, int, int]
Told = list[tuple[str, str]]


def _key(how: str, key: str, rest: Told, soft: int = 0) -> Key:
    """The key with what it leaves over: (word, kind) each."""
    if not rest:
        return how, key, "", 0, 0, soft, 0
    of = [kind for _, kind in rest]
    counts = (of.count("rare"), of.count("trade"), of.count("soft") + soft, of.count("place"))
    return how, key, " ".join([word for word, kind in rest if kind in LEFTOVERS]), *counts


def _first_word(word: str, rest: Told) -> Iterator[Key]:
    """Keys of the first telling word: without a glued ending; short ones without a letter."""
    if word.endswith(GLUED):
        end = next(e for e in GLUED if word.endswith(e))
        if len(word) >= len(end) + 3:
            yield _key("glued", word.removesuffix(end), rest, soft=1)
    size = len(word)
    if 3 <= size <= 4:
        yield _key("begun", word[:-1], rest)
    if 5 <= size <= 24:
        yield _key("spelt", word, rest)


def _telling_keys(words: tuple[str, ...], told: Told, telling: list[int]) -> Iterator[Key]:
    """Keys of the leading words, of single words, and of the whole without general words."""
    first, last = telling[0], telling[-1]
    for end in range(first + 1, min(first + 4, len(words)) + 1):
        rest = told[:first] + told[end:]
        if rest and told[end - 1][1] != "stop":
            yield _key("start", "".join(words[first:end]), rest)
    yield from _first_word(words[first], told[:first] + told[first + 1 :])
    for i in telling[1:]:
        if len(words[i]) > 2:
            yield _key("word", words[i], told[:i] + told[i + 1 :])
    core = "".join(words[first : last + 1]) if last > first else ""
    if 5 <= len(core) <= 24:
        yield _key("spelt", core, told[:first] + told[last + 1 :])


def keys_of(
    words: tuple[str, ...], initials: tuple[str, ...], common: Collection[str]
) -> Iterator[Key]:
    """How, key, words left over, and how many of them are rare, trade, soft, place."""
    kinds = kinds_of(words, common)
    told = list(zip(map(plain, words), kinds, strict=True))
    telling = [i for i, kind in enumerate(kinds) if kind == "rare" and not words[i].isdigit()]
    how = "whole" if telling else "general" if len(words) > 1 else "generic"
    for one in dict.fromkeys(("".join(words), "".join([word for word, _ in told]))):
        yield _key(how, one, [])
    for letters in initials:
        yield _key("initials", letters, [])
    if not telling and len(words) > 2 and kinds[-1] == "soft":
        yield _key("headed", "".join(words[:-1]), told[-1:])
    if telling:
        yield from _telling_keys(words, told, telling)


@dataclass(frozen=True, slots=True)
class Forms:
    """What names are read as.

    Attributes:
        held: rec, form; each pair once.
        forms: by that number, each once, however many names are read as it.
        names: how many readings of names there are, by which a word counts as common.
    """

    held: pl.DataFrame
    forms: list[Form]
    names: int


def forms_of(names: pl.DataFrame) -> Forms:
    """Each distinct value read once.

    Args:
        names: rec, kind (name, domain), value; each row once.
    """
    values = names.select("kind", "value").unique(maintain_order=True).drop_nulls()
    numbers: dict[Form, int] = {}
    rows: list[int] = []
    of_row: list[int] = []
    for row, (kind, value) in enumerate(values.iter_rows()):
        for form in domain_forms(value) if kind == "domain" else name_forms(value):
            rows.append(row)
            of_row.append(numbers.setdefault(form, len(numbers)))
    read = pl.DataFrame({"row": rows, "form": of_row}, schema={"row": pl.Int64, "form": pl.Int64})
    told = values.with_columns(pl.int_range(pl.len()).alias("row")).join(read, on="row")
    held = names.select("rec", "kind", "value").join(told, on=("kind", "value"))
    return Forms(held.select("rec", "form").unique(), list(numbers), held.height)


def keys_frame(forms: list[Form], common: Collection[str]) -> pl.DataFrame:
    """All keys: form, how, key, rest, rare, trade, soft, place.

    Args:
        forms: `forms_of`.
        common: `common_words` of them.
    """
    numbers: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    of_form = [numbers.setdefault((form.words, form.initials), len(numbers)) for form in forms]
    # One flat list: millions of tuples that live long would cost more in garbage collection.
    flat: list[str | int] = []
    for i, (words, initials) in enumerate(numbers):
        for key in keys_of(words, initials, common):
            flat.append(i)
            flat.extend(key)
    wide = len(_KEYS)
    names = ("words", *list(_KEYS)[1:])
    columns = [
        pl.Series(n, flat[k::wide], dtype=_KEYS.get(n, pl.Int64())) for k, n in enumerate(names)
    ]
    of_words = pl.DataFrame(
        {"form": range(len(forms)), "words": of_form},
        schema=dict.fromkeys(("form", "words"), pl.Int64),
    )
    return of_words.join(pl.DataFrame(columns), on="words").select(*_KEYS)


def flags_frame(forms: list[Form]) -> pl.DataFrame:
    """Form, several, doubtful, domain."""
    shape = {"form": pl.Int64(), **dict.fromkeys(("several", "doubtful", "domain"), pl.Boolean())}
    rows = [(i, form.several, form.doubtful, form.domain) for i, form in enumerate(forms)]
    return pl.DataFrame(rows, schema=shape, orient="row")


def respelt(words: pl.Series) -> pl.DataFrame:
    """Keys of near spellings: each word, and it with each single letter left out.

    Returns:
        spelt (the word), key (a hash).
    """
    rows = pl.DataFrame({"spelt": words.unique()})
    word, longest = pl.col("spelt"), int(rows["spelt"].str.len_chars().max() or 0)  # type: ignore[arg-type]
    without = [
        rows.filter(word.str.len_chars() > i).with_columns(
            (word.str.slice(0, i) + word.str.slice(i + 1)).hash().alias("key")
        )
        for i in range(longest)
    ]
    return pl.concat([rows.with_columns(word.hash().alias("key")), *without]).unique()
