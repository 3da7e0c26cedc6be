"""What a word of a company name tells: a legal form, a place, a trade, or which company it is.

Lists of general words only; no company stands here. Words that follow many different names in the
data at hand are added to them by `keys.common_words`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import cache
from typing import Literal

from cleanco.termdata import (  # type: ignore[import-untyped]
    terms_by_country,
    terms_by_type,
)

from health_pipeline.core.identity.legal_forms import SPELLED_OUT

Kind = Literal["rare", "soft", "trade", "place", "legal", "stop"]


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOFT = _listed("""
advanced african american app applied apps asian australian austrian belgian brazilian british
business businesses canadian center centers central centre centro chinese cloud co comms
communication communications companies company computer computers computing consult consultancy
consultants consulting contractor corp corporate corporation cto ctr customer customers danish data
delivery department dept deutsche deutscher deutsches dev development device devices digital
division dutch east eastern electronics employee eng engg engineering engrg enterprise enterprises
entertainment equip equipment europe european excellence federal finnish firm first formerly french
fund general german global great greek group groupe grp grupa grupo gruppe headquarters hldg hldgs
holding holdings hosting hq inc incorporated ind indian indonesian inds industrial industries
industry info informatics informatik information infotech infrastructure innovation innovators
institute instituto int interactive intern international internet intl irish israeli it italian
japanese known korean lab labor laboratories laboratory labs limited ltd management manufacturer
manufacturers manufacturing media mexican mfg mgmt mktg mobile mobility national natl network
networking networks new nippon north northern norwegian office online open operaciones operation
operations organisation organization partner partners platform platforms polish portuguese
previously private prods product products professional programming project public pvt research
resources royal russian sales science sciences scottish security server servers service services
servicos software solution solutions source south southern spanish standard state storage studio
studios support svc svcs swedish swiss sys system systems team tech technical technik technologie
technologies technology tecnologia tecnologias telecom telecommunication telecommunications turkish
unit united ventures web west western works world worldwide
""")  # fmt: skip

TRADES = _listed("""
academic academy advies aerospace agency air airlines airport airways assn assoc association auto
automotive banco bank banking banque beheer beheermaatschappij belastingadvies beleggingen capital
chem chemical chemicals clinic club college constr construction court dairy dental design elec
electric energy estate farm farms faucet faucets fin finance financial food foods foundation
freight furniture gas government govt health healthcare hosp hospital hotel hotels ins insurance
inv invest investissements investment investments jewellery law legal life lines logistics
maatschap maatschappij marketing medical metals mining ministry motor motorcycles motors oil paper
pharm pharma pharmaceutical pharmaceuticals power press printing prop properties property props
publishing railway railways realty records restaurant restaurants retail school semiconductor
semiconductors ship shipping society steel stichting store stores supermarket textile textiles
tobacco toys trade trading transport transportation travel trust univ universidad universidade
universita universitaet universitat universite universitet university water wine wines
""")  # fmt: skip

PLACES = _listed("""
africa america americas amsterdam apac arabia argentina asia australia austria aviv bangalore
barcelona beijing belgium bengaluru berlin boston brasil brazil bulgaria california canada chennai
chicago chile china cologne colombia copenhagen costa croatia cyprus czech czechia dallas danmark
delhi denmark deutschland dubai dublin duesseldorf dusseldorf egypt emea emirates england espana
estonia europa finland france frankfurt geneva germany greece guangzhou haifa hamburg hangzhou
hanoi hokkaido hokuriku holland hong hungary hyderabad iberia iceland india indonesia ireland
israel istanbul italia italy jakarta japan kenya kingdom koeln koln kong korea latam latvia
lithuania london luxembourg madrid malaysia manchester melbourne mexico milan montreal morocco
moscow muenchen mumbai munchen munich nanjing nederland netherlands nigeria nordic nordics norge
norway osaka oslo osterreich ottawa pakistan paris peru philippines poland polska portugal prague
pune rica rio romania rome rotterdam russia sao saudi schweiz seattle seoul serbia shanghai
shenzhen singapore slovakia slovenia spain states stockholm suisse sverige sweden switzerland
sydney szeged taipei taiwan tel thailand tokyo toronto tunisia turkey turkiye uk ukraine us usa
vancouver vienna vietnam warsaw washington wuhan york zealand zhuhai zuerich zurich
""")  # fmt: skip

STOP = _listed("a an and at by de der die das do da del di du el en et for from i in la le les of "
               "on the to und van von with y")  # fmt: skip

GLUED = tuple(sorted(sorted(_listed("""
app bank business cloud companies company corp corporate corporation digital energy enterprise
enterprises financial foods global group groupe grp grupo hd holding holdings hosting hq inc
industries insurance lab labs limited ltd mail media mobile net network networks now online pharma
plc research services software solution solutions storage systems team tech technologies technology
telecom web works""")), key=len, reverse=True))  # fmt: skip
"""Endings written without a blank: arubanetworks, allegrogroup."""

FORMED = ("company", "corp", "corporation", "gmbh", "inc", "limited", "llc", "ltd", "plc")
"""Legal forms that nobody takes for the end of a word: diplomaplc.com."""

BEFORE = (
    "get", "go", "groupe", "grupo", "hello", "hey", "join", "meet", "my", "the", "try", "use",
    "with",
)  # fmt: skip
"""Beginnings that a company puts before its name where the name is taken: getacme.com."""

TOP_LEVELS = _listed("com org net io co ai info biz edu gov dev cloud eu app tech inc")
UMLAUTS = {
    ord(letter): two
    for one, two in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ø", "oe"), ("å", "aa"))
    for letter, two in ((one, two), (one.upper(), two.title()))
}
"""How they are written where a keyboard lacks them; without their dots they are read anyway."""
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ß": "ss"}
)
_LOOKALIKES = str.maketrans("аеорсухкмтвнігјѕԁԛԝαορτυνικχβε", "aeopcyxkmtbhirjsdqwaoptuvikxbe")
"""Cyrillic and Greek letters that look like Latin ones (lower case; as far as capitals do)."""
_LATIN = re.compile(r"[a-z]")
_LOOKS = re.compile("[аеорсухкмтвнігјѕԁԛԝαορτυνικχβε]")


def folded(text: str) -> str:
    """Lower case, NFKC, Latin letters without accents."""
    lower = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    if lower.isascii():
        return lower
    plain = "".join(c for c in unicodedata.normalize("NFKD", lower) if ord(c) not in _MARKS)
    return unicodedata.normalize("NFC", plain)


_MARKS = frozenset(range(0x300, 0x370))


def unmasked(text: str) -> tuple[str, bool]:
    """`text` with look-alike letters read as Latin, and whether some stood beside Latin ones."""
    if text.isascii():
        return text, False
    words = text.split()
    mixed = [bool(_LATIN.search(word) and _LOOKS.search(word)) for word in words]
    new = [w.translate(_LOOKALIKES) if m else w for w, m in zip(words, mixed, strict=True)]
    return " ".join(new), any(mixed)


def plain_words(text: str) -> list[str]:
    """The words of folded text: dots and apostrophes dropped, other signs separate."""
    return re.sub(r"[^\w]+|_+", " ", re.sub(r"[.'’`´]", "", text.replace("&", " and "))).split()


@cache
def legal_forms() -> frozenset[tuple[str, ...]]:
    """Legal forms of all countries, as words."""
    terms = {
        term for by in (terms_by_country, terms_by_type) for many in by.values() for term in many
    }
    short = ("as", "ek", "hf", "na", "oü", "pty", "pvt", "sdn", "se", "sro", "ug")
    extra = (*short, "co ltd", "company", "proprietary", "pvt ltd", "sp z oo", "s a")
    every = {*terms, *SPELLED_OUT, *extra}
    spelt = {term.translate(UMLAUTS) for term in every}
    forms = {tuple(plain_words(folded(term))) for term in every | spelt}
    return frozenset(form for form in forms if form)


@cache
def legal_ends() -> frozenset[str]:
    """The last words of `legal_forms`."""
    return frozenset(form[-1] for form in legal_forms())


LONG = 7
"""Letters from which on a general word is known with one letter wrong."""


@cache
def _misspelt() -> dict[str, str]:
    """Every long general word with one letter left out → the word."""
    long = sorted(word for word in SOFT | TRADES | PLACES if len(word) >= LONG)
    return {key: word for word in long for key in without_one(word)}


def general_keys() -> Collection[str]:
    """What a long word, or the word less one letter, is among if it is near to a general one."""
    return _misspelt().keys()


def without_one(word: str) -> set[str]:
    """`word` itself and with each single letter left out."""
    return {word} | {word[:i] + word[i + 1 :] for i in range(len(word))}


_SPELLINGS = {
    "assn": "association",
    "assoc": "association",
    "chem": "chemical",
    "comms": "communication",
    "constr": "construction",
    "ctr": "center",
    "centre": "center",
    "elec": "electric",
    "dev": "development",
    **dict.fromkeys(("eng", "engg", "engrg"), "engineering"),
    "equip": "equipment",
    "fin": "finance",
    "govt": "government",
    "grp": "group",
    **dict.fromkeys(("hldg", "hldgs"), "holding"),
    "hosp": "hospital",
    **dict.fromkeys(("ind", "inds"), "industry"),
    "ins": "insurance",
    **dict.fromkeys(("int", "intl"), "international"),
    **dict.fromkeys(("inv", "invest", "investissements"), "investment"),
    "manufacturer": "manufacturing",
    "manufacturers": "manufacturing",
    "mfg": "manufacturing",
    "mgmt": "management",
    "mktg": "marketing",
    "natl": "national",
    **dict.fromkeys(("pharm", "pharma"), "pharmaceutical"),
    "prods": "product",
    "props": "property",
    "svc": "service",
    "svcs": "service",
    "univ": "university",
    **dict.fromkeys(("universidad", "universidade", "universita"), "university"),
    **dict.fromkeys(("universitaet", "universitat", "universite"), "university"),
    "tech": "technology",
    "technologie": "technology",
    "sys": "system",
    "labs": "laboratory",
    "lab": "laboratory",
    "networking": "network",
    "telecom": "telecommunication",
}


@cache
def plain(word: str) -> str:
    """A general word in one spelling: technologies, tech and technolgies are technology."""
    if kind_of(word) not in {"soft", "trade"}:
        return word
    known = word in SOFT or word in TRADES
    meant = word if known else next(_misspelt()[k] for k in _near_keys(word))
    one = f"{meant[:-3]}y" if meant.endswith("ies") else meant.removesuffix("s")
    return _SPELLINGS.get(meant, one if len(meant) > 4 else meant)


def _near_keys(word: str) -> list[str]:
    """The keys of general words that `word` is near to, in order; nobody errs in the first letter.

    Lventure is not a venture.
    """
    near = _misspelt()
    found = near.keys() & without_one(word)  # mostly nothing
    return [k for k in sorted(found) if near[k][0] == word[0] and abs(len(near[k]) - len(word)) < 2]


_LISTS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("stop", STOP),
    ("place", PLACES),
    ("soft", SOFT),
    ("trade", TRADES),
)
_LISTED: dict[str, Kind] = {w: kind for kind, words in reversed(_LISTS) for w in words}
"""A word on several lists counts by the first one."""

GENERAL = frozenset(_LISTED)


@cache
def kind_of(word: str) -> Kind:
    """What `word` tells, by the lists; one letter may be wrong in a long word."""
    if listed := _LISTED.get(word):
        return listed
    if len(word) >= 3 and (word,) in legal_forms():
        return "legal"
    if len(word) < LONG or not word.isalpha():
        return "rare"
    return next((kind_of(_misspelt()[key]) for key in _near_keys(word)), "rare")
