"""The keys of a form, said one after the other: what `search` does as columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from health_pipeline.core.identity.likeness.forms import Form
from health_pipeline.core.identity.likeness.search import LEFTOVERS
from health_pipeline.core.identity.likeness.words import BEFORE, FORMED, GLUED, kind_of, plain

Key = tuple[str, str, str, int, int, int, int]
Told = list[tuple[str, str]]


def _key(how: str, key: str, rest: Told, soft: int = 0) -> Key:
    """The key with what it leaves over: (word, kind) each."""
    if not rest:
        return how, key, "", 0, 0, soft, 0
    of = [kind for _, kind in rest]
    counts = (of.count("rare"), of.count("trade"), of.count("soft") + soft, of.count("place"))
    return how, key, " ".join([word for word, kind in rest if kind in LEFTOVERS]), *counts


def _cuts(word: str) -> Iterator[tuple[str, list[str]]]:
    """The word without a glued ending, without a beginning, without both; and what was cut off."""
    ends = [e for e in GLUED if word.endswith(e)]
    begins = [b for b in BEFORE if word.startswith(b)]
    for end in ends[:1]:
        if len(word) >= len(end) + 3:
            yield word.removesuffix(end), [end]
    for begin in begins[:1]:
        less = word.removeprefix(begin)
        if len(less) >= 4:
            yield less, [begin]
        end = next((e for e in ends if len(less) >= len(e) + 4), None)
        if end:
            yield less.removesuffix(end), [begin, end]


def _first_word(word: str, rest: Told) -> Iterator[Key]:
    """Keys of the first telling word: without what is glued to it; short ones less a letter."""
    for less, cut in _cuts(word):
        how, key, words, *counts = _key("glued", less, rest, soft=1)
        yield how, key, " ".join([*cut, *words.split()]), *counts
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


def _kinds(words: tuple[str, ...], common: Collection[str]) -> list[str]:
    """What each word tells; rare words that are common in the data are soft."""
    kinds = [(word, kind_of(word)) for word in words]
    return ["soft" if kind == "rare" and word in common else kind for word, kind in kinds]


def keys_of(form: Form, common: Collection[str]) -> Iterator[Key]:
    """How, key, words left over, and how many of them are rare, trade, soft, place."""
    words, kinds = form.words, _kinds(form.words, common)
    told = list(zip(map(plain, words), kinds, strict=True))
    telling = [i for i, kind in enumerate(kinds) if kind == "rare" and not words[i].isdigit()]
    how = "whole" if telling else "general" if len(words) > 1 else "generic"
    small = [0 < i < len(words) - 1 and kind == "stop" for i, kind in enumerate(kinds)]
    plainly = "".join([word for (word, _), less in zip(told, small, strict=True) if not less])
    for one in dict.fromkeys(("".join(words), plainly)):
        yield _key(how, one, [])
    formed = next((e for e in FORMED if words[0].endswith(e)), None)
    if telling and len(words) == 1 and formed and len(words[0]) >= len(formed) + 4:
        yield _key("formed", words[0].removesuffix(formed), [])
    for letters in form.initials:
        yield _key("initials", letters, [])
    for end in [] if telling else range(2, len(words)):
        if kinds[end - 1] != "stop":
            yield _key("headed", "".join(words[:end]), told[end:])
    if telling:
        yield from _telling_keys(words, told, telling)
