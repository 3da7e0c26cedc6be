"""Legal forms: the terms of `cleanco`, those written in words, East Asian ones, and the model's."""

from __future__ import annotations

import re
from functools import cache

from cleanco.termdata import (  # type: ignore[import-untyped]
    terms_by_country,
    terms_by_type,
)

from health_pipeline.core.identity.folding import words

_OTHER_MEANING = frozenset(
    (
        *("cio", "cic", "coop", "cpt", "dat", "ent", "etat", "fcp", "gie", "gte", "koop", "ong"),
        *("private", "psu", "pse", "sad", "sal", "scoop", "scop", "sem", "sep", "ses", "sia"),
        *("teo", "unlimited", "vat"),
    )
)
"""Terms of `cleanco` that end names without being a legal form: Sky Unlimited, Acme Private."""

SPELLED_OUT = (
    *("aktiengesellschaft", "actiengesellschaft", "ggmbh", "mbh", "gesmbh", "ges mbh"),
    *("gesellschaft mbh", "kommanditgesellschaft", "kommanditgesellschaft auf aktien"),
    *("gesellschaft mit beschränkter haftung", "haftungsbeschränkt", "offene handelsgesellschaft"),
    *("société anonyme", "société à responsabilité limitée", "société par actions simplifiée"),
    *("sa rl", "asbl", "ltée", "limitée", "inc ltée", "ulc", "pbc"),
    *("besloten vennootschap", "naamloze vennootschap"),
    *("aktiebolag", "aktieselskab", "aksjeselskap", "anpartsselskab", "osakeyhtiö", "publ", "ivs"),
    *("sociedad anónima", "sociedad limitada", "sociedad de responsabilidad limitada"),
    *("slu", "sau", "soc coop", "s coop", "cía", "cía ltda", "y cía", "sac"),
    *("s de rl", "s de rl de cv", "sab de cv", "sapi de cv", "sas de cv", "sofom"),
    *("sociedade anônima", "sociedade limitada", "eireli", "epp", "ltda me", "unipessoal"),
    *("unipessoal lda", "società per azioni", "società a responsabilità limitata", "srls"),
    *("spółka akcyjna", "spółka z ograniczoną odpowiedzialnością", "sp k", "sp j", "jdoo"),
    *("akciová společnost", "eood", "anonim şirketi", "limited şirketi", "ltd şti"),
    *("sanayi ve ticaret", "san ve tic", "san tic", "tbk", "persero", "berhad", "pcl"),
    *("joint stock company", "open joint stock company", "public joint stock company"),
    *("jsc", "ojsc", "pjsc", "cjsc", "pao", "kabushiki kaisha"),
    *("ksc", "kscc", "kscp", "qsc", "qpsc", "bsc", "bsc c", "psc", "wll"),
    *("fze", "fzco", "fzc", "fz llc", "llc fz", "dmcc", "בע מ", "בעמ"),
    *("limited liability company", "limited liability partnership", "limited partnership"),
    *("private limited company", "proprietary limited", "public limited company", "p ltd"),
    *("public company limited", "unlimited company", "npc", "soc ltd", "rf ltd"),
    *("dac", "clg", "teoranta", "cyf", "ptyltd", "pvtltd", "pteltd", "coltd"),
)
"""What `cleanco` knows by its letters alone, or not at all: Volkswagen Aktiengesellschaft."""

EAST_ASIAN_FORMS = (
    "股份有限公司",
    "有限责任公司",
    "有限責任公司",
    "有限公司",
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "주식회사",
    "유한회사",
)
"""Written without a blank at either end of a name; `cleanco` has none of them."""

BEFORE_THE_NAME = (*("ooo", "oao", "zao", "pao", "uab", "ооо", "оао", "зао", "пао", "ао", "тоо"),)
"""Forms that stand first where they are at home: ООО Ромашка, UAB Acme."""

SPA_AS_A_WORD = r"(?:^|\W)[Ss]pa(?:\W|$)"
"""The form SpA, S.p.A., SPA in letters in which it is a word: Sanctuary Spa."""

_spa_as_a_word = re.compile(SPA_AS_A_WORD)

_east_asian = "|".join(EAST_ASIAN_FORMS)
EAST_ASIAN = re.compile(
    rf"^(?:(?:{_east_asian}) ?|[株주] )(?=.)|(?<=.)(?: ?(?:{_east_asian})| [株주])$"
)


def _kept_terms() -> set[str]:
    """The terms of `cleanco` that are safe to drop, and those written in words.

    One word of two letters is as often a country or a word (nl, uk, at, ee, ok); those in real use
    stand in identity.yaml.
    """
    lists = [*terms_by_type.values(), *terms_by_country.values(), SPELLED_OUT]
    found = {words(term) for terms in lists for term in terms}
    return {term for term in found if len(term) > 2} - _OTHER_MEANING


def has_spa(written: str) -> bool:
    """Whether "spa" is a word of this name, and no legal form."""
    return _spa_as_a_word.search(written) is not None


@cache
def form_pattern(legal_suffixes: tuple[str, ...], *, spa: bool = False) -> re.Pattern[str]:
    """What is dropped from the end of a name's words, as long as a word remains before it.

    An "and" that joins nothing goes too: Acme & GmbH, Acme &.

    Args:
        legal_suffixes: terms beside those of `cleanco`.
        spa: "spa" is a word of the name.
    """
    known = _kept_terms() - {"spa"} if spa else _kept_terms()
    terms = known | {words(suffix) for suffix in legal_suffixes} - {""}
    ordered = sorted(terms, key=lambda term: (-len(term), term))
    forms = "|".join(map(re.escape, ordered))
    return re.compile(rf"(?:(?: (?:and )?(?:{forms}))+(?: and)*|(?: and)+)$")
