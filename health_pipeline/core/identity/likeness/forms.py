"""The forms in which one value names a company: its words, its parties, its initials."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from health_pipeline.core.identity.beginnings import is_general
from health_pipeline.core.identity.folding import without_stops
from health_pipeline.core.identity.legal_forms import BEFORE_THE_NAME, EAST_ASIAN
from health_pipeline.core.identity.likeness.bulk import AROUND, FIRST, LETTERS_AND
from health_pipeline.core.identity.likeness.words import (
    GENERAL,
    STOP,
    TOP_LEVELS,
    UMLAUTS,
    folded,
    kind_of,
    legal_ends,
    legal_forms,
    plain_words,
    unmasked,
)
from health_pipeline.core.identity.scripts import disguise

LONGEST = 160
"""Characters of a value that are read; no company's name is longer."""

_PARTS = re.compile(r"[,;|/\n]|\s[-–—+]\s")
_BRACKETS = re.compile(r"[(（\[{<]([^()（）\[\]{}<>]*)[)）\]}>]")
_LETTERS_AND = re.compile(LETTERS_AND)
_HOST = re.compile(r"(?:www\.)?([^\W_][\w-]+)\.(?:com?\.)?([a-z]{2,5})\.?")
_PLAIN = re.compile(r"[A-Za-z0-9 ]{1,80}\.?")
_DOTTED_END = re.compile(r"[A-Za-z0-9 ]{1,80} (?:[A-Za-z]\.){2,5}")
_COMMA_END = re.compile(r"([A-Za-z0-9 ]{1,80}), ?([A-Za-z]{2,8})\.?")
_CAMEL = re.compile(r"[a-z][A-Z]|[A-Z]{2}")
_PLAIN_HOST = re.compile(r"([a-z0-9]{1,63})\.([a-z0-9]{2,63})")
_HUMPS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+")
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "net", "ne", "or", "org", "ltd"})
_SERVICES = frozenset(
    {"www", "app", "help", "support", "my", "mail", "portal", "login", "sso", "go", "corp"}
)


class Form(NamedTuple):
    """One way in which a value names a company.

    Attributes:
        words: folded words, without a legal form at the end.
        several: the value names further companies beside this one.
        doubtful: letters of two scripts in a word, or a value too long to be a name.
        initials: readings of its initials.
        domain: the words are those of a domain.
    """

    words: tuple[str, ...]
    several: bool = False
    doubtful: bool = False
    initials: tuple[str, ...] = ()
    domain: bool = False


def _without_hosts(part: str) -> str:
    """`part` with "acme.com" read as "acme"."""
    if "." not in part:
        return part
    tokens = []
    for token in part.split():
        host = _HOST.fullmatch(token.lower())
        known = host and (host[2] in TOP_LEVELS or len(host[2]) == 2)
        tokens.append(token[host.start(1) : host.end(1)] if host and known else token)
    return " ".join(tokens)


def _without_legal(words: list[str]) -> list[str]:
    """`words` without legal forms at either end and "the" before, as long as one remains."""
    while len(words) > 1 and words[0] in FIRST and not _names_it(words):
        words = words[1:]
    forms = legal_forms()
    while len(words) > 1 and words[-1] in legal_ends():
        size = next(
            (n for n in (5, 4, 3, 2, 1) if n < len(words) and tuple(words[-n:]) in forms), 0
        )
        if not size:
            return words
        words = words[:-size]
    return words


def _names_it(words: list[str]) -> bool:
    """Whether a form at the beginning is no form but the name: UAB Medicine."""
    return words[0] in BEFORE_THE_NAME and words[0].isascii() and is_general(words[1:])


def _words_of(text: str) -> list[str]:
    """The words of folded text without legal forms, East Asian ones included."""
    words = plain_words(text)
    if not text.isascii():
        words = EAST_ASIAN.sub("", " ".join(words)).split()
    return _without_legal(words)


def _initials(words: Sequence[str], raw: str) -> tuple[str, ...]:
    """Readings of the initials: of all words, without small words, of humps ("JiaoTong")."""
    camel = not raw[1:].islower() and bool(_CAMEL.search(raw))
    if len(words) > 10 or (len(words) < 2 and not camel):
        return ()
    large = [word for word in words if word not in STOP and word.isascii()]
    size = len(large)
    while size > 2 and kind_of(large[size - 1]) in AROUND:
        size -= 1
    letters = "".join([word[0] for word in large])
    readings = {"".join([word[0] for word in words]), letters, letters[:size]}
    if camel:
        tokens = [t for t in re.split(r"[\W_]+", re.sub(r"[.'’`´]", "", raw)) if t.isascii()]
        humps = [
            h for t in tokens[: len(words)] if t.lower() not in STOP for h in _HUMPS.findall(t)
        ]
        readings.add("".join(h if h.isupper() else h[0] for h in humps).lower())
    return tuple(sorted(r for r in readings if 2 <= len(r) <= 8))


def passes_for_another(value: str) -> bool:
    """Whether the words that are compared hide how the name is written: Ａcme, Νike, Nıke."""
    return "ı" in value or disguise(without_stops(value[:LONGEST])) is not None


def _tells(words: Iterable[str]) -> bool:
    return any(kind_of(word) == "rare" and len(word) > 1 for word in words)


def _words_at_once(value: str) -> list[str] | None:
    """The words of "Acme Labs S.A." and "Acme Labs, LLC", as `_forms_of_parts` finds them."""
    if _DOTTED_END.fullmatch(value):
        words = _without_legal(value.lower().replace(".", "").split())
    elif (told := _COMMA_END.fullmatch(value)) and (told[2].lower(),) in legal_forms():
        words = _without_legal(told[1].lower().split())
    else:
        return None
    return _without_legal(words) if words and tuple(words) not in legal_forms() else None


def _without_and(letters: re.Match[str]) -> str:
    """AT&T and A&O are att and ao, with or without blanks; AG & Co keeps its "and"."""
    return letters[0] if letters[2].lower() == "co" else letters[1] + letters[2]


def name_forms(value: str) -> list[Form]:
    """The forms of a name as somebody typed it; empty when nothing can be read."""
    forms = _forms_of(value)
    if not forms or not value[:4].lower().startswith("the "):
        return forms
    # The Trade Desk is thetradedesk.com.
    return [*forms, forms[0]._replace(words=(f"the{''.join(forms[0].words)}",), initials=())]


def _forms_of(value: str) -> list[Form]:
    """`name_forms`, an article at the beginning left out."""
    if _LETTERS_AND.search(value):
        return _forms_of_parts(_LETTERS_AND.sub(_without_and, value))
    if _PLAIN.fullmatch(value):
        words = tuple(_without_legal(value.lower().replace(".", "").split()))
        return [Form(words, initials=_initials(words, value))] if words else []
    if at_once := _words_at_once(value):
        return [Form(tuple(at_once), initials=_initials(at_once, value))]
    return _forms_of_parts(value)


def _forms_of_parts(value: str) -> list[Form]:
    """`name_forms` of any value."""
    text = unicodedata.normalize("NFC", value)
    spelt = text.translate(UMLAUTS)
    forms = _as_written(value)
    return forms if spelt == text else forms + [f for f in _as_written(spelt) if f not in forms]


def _as_written(value: str) -> list[Form]:
    """The forms of one spelling."""
    text = unicodedata.normalize("NFKC", value[: LONGEST + 1])
    too_long, text = len(text) > LONGEST, text[:LONGEST]
    aside = [inner for inner in _BRACKETS.findall(text) if len(inner.strip()) > 1]
    main = _BRACKETS.sub(" ", text) if _BRACKETS.sub("", text).strip() else text
    plain, mixed = unmasked(folded(main))
    parts = [_words_of(_without_hosts(part)) for part in _PARTS.split(plain)]
    parts = [part for part in parts if part and tuple(part) not in legal_forms()]
    telling = [part for part in parts if _tells(part)]
    doubtful = mixed or too_long or passes_for_another(value)
    whole = tuple(_without_legal([word for part in parts for word in part]))
    if len(telling) < 2:
        forms = [Form(whole, doubtful=doubtful, initials=_initials(whole, main))] if whole else []
    else:
        forms = [Form(tuple(part), several=True, doubtful=doubtful) for part in telling]
        forms.append(Form(("".join(whole),), doubtful=doubtful))
    return forms + _aside(aside, forms, doubtful=doubtful)


def _aside(inner: list[str], forms: list[Form], *, doubtful: bool) -> list[Form]:
    """The forms of what stands in brackets: another company, unless it is the initials."""
    short = forms[0].initials if forms else ()
    found = [tuple(_words_of(folded(text))) for text in inner]
    telling = [words for words in found if _tells(words) and words not in legal_forms()]
    return [Form(w, "".join(w) not in short, doubtful) for w in telling]


def domain_forms(value: str) -> list[Form]:
    """The form of a domain: the words of its registrable label, then of its subdomains.

    A company with a top level of its own puts a general word before it: global.toyota.
    """
    if told := _PLAIN_HOST.fullmatch(value):
        label, end = told.groups()
        branded = label in GENERAL and len(end) > 3 and kind_of(end) == "rare"
        return [Form((end, label) if branded else (label,), domain=True)]
    host = re.sub(r"^[a-z]+://", "", value[:253].strip().lower())
    labels = [label for label in re.split(r"[/?#:]", host)[0].split(".") if label]
    if len(labels) < 2:
        return []
    ends = 2 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else 1
    *subs, main = labels[:-ends]
    words = plain_words(folded(main))
    words += [w for sub in subs if sub not in _SERVICES for w in plain_words(folded(sub))]
    return [Form(tuple(words), domain=True)] if words else []
