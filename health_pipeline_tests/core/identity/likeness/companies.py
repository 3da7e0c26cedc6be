"""Made companies with known truth: two records each, the second as somebody typed it."""

from __future__ import annotations

import random

import polars as pl

SOUNDS = (
    "b br c ch cl d dr f fl g gl gr h j k kl l m n p pl pr qu r s sh sk st t th tr v w z",
    "a ai ar e ea el en er i ia in io o oa on or ou u un ur y",
)
ONSETS, VOWELS = (sounds.split() for sounds in SOUNDS)
TAILS = ["Systems", "Technologies", "Group", "Software", "Networks", "Solutions", "Bank", "Labs"]
FORMS = ["Inc.", "GmbH", "Ltd", "S.A.", "B.V.", "LLC", "Pty Ltd", "AB"]
PLACES = ["India", "Deutschland", "Japan", "Canada", "UK", "Brazil", "Singapore"]


def _word(rng: random.Random) -> str:
    return "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(rng.choice([2, 2, 3])))


def _typo(rng: random.Random, word: str) -> str:
    at = rng.randrange(1, len(word))
    return word[:at] + word[at + 1 :] if rng.random() < 0.5 else word[:at] + word[at - 1 :]


def _typed(rng: random.Random, words: list[str], tail: str) -> str:
    """The name as somebody else writes it."""
    kind = rng.random()
    name = " ".join(words).title()
    if kind < 0.25:
        return f"{name} {rng.choice(FORMS)}"
    if kind < 0.5:
        return f"{name} {tail} {rng.choice(PLACES)}"
    if kind < 0.65:
        return f"{name} {rng.choice(TAILS)}"
    if kind < 0.8:
        return " ".join([_typo(rng, words[0]), *words[1:]]).title() + f" {tail}"
    if kind < 0.9:
        return "".join(words)
    return f"{name} {tail} {rng.choice(FORMS)}"


def _words(rng: random.Random, families: list[str]) -> list[str]:
    """A name of its own, or one of a family name that many share and one of its own."""
    if rng.random() < 0.5:
        return [_word(rng) for _ in range(rng.choice([1, 1, 2]))]
    return [families[int(len(families) * rng.random() ** 2)], _word(rng)]


def _mail(rng: random.Random, domain: str) -> str | None:
    """The domain as a fifth of the records show it."""
    return domain if rng.random() < 0.2 else None


def companies(records: int, seed: int = 0, known: float = 0.7) -> pl.DataFrame:
    """Records of two systems; `known` of the second one's companies are in the first.

    Returns:
        rec, source (crm, billing), truth (the company), name, domain.
    """
    rng = random.Random(seed)
    rows = []
    half = records // 2
    families = [_word(rng) for _ in range(3_000)]
    for i in range(half):
        words = _words(rng, families)
        tail = rng.choice(TAILS)
        domain = "".join(words) + rng.choice([".com", ".io", ".net", ".de"])
        rows.append((i, "crm", i, f"{' '.join(words).title()} {tail}", domain))
        if rng.random() < known:
            rows.append((half + i, "billing", i, _typed(rng, words, tail), _mail(rng, domain)))
        else:
            words = _words(rng, families)
            own = "".join(words) + ".net"
            rows.append((half + i, "billing", -1 - i, _typed(rng, words, tail), _mail(rng, own)))
    columns = {"rec": pl.Int64, "source": pl.String, "truth": pl.Int64}
    return pl.DataFrame(rows, {**columns, "name": pl.String, "domain": pl.String}, orient="row")


def values(records: pl.DataFrame) -> pl.DataFrame:
    """rec, kind, value: the names and domains of `records`."""
    kinds = [records.select("rec", pl.lit(k).alias("kind"), value=k) for k in ("name", "domain")]
    return pl.concat(kinds).drop_nulls("value").sort("rec", "kind")
