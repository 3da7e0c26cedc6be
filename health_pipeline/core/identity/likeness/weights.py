"""The weights of likeness, in bits (log2 of the Bayes factor), and what they say.

Fellegi and Sunter: odds of a match = prior × Π P(seen | same) / P(seen | other). The prior of a
pair is 1 in the number of accounts; a shared word that n of N accounts carry gives log2(N / n).
Everything else stands in the tables below, with the reasoning in ADR 0023.
"""

from __future__ import annotations

import polars as pl

HOW: dict[str, float] = {
    "exact": 8.0,
    "label": 7.0,
    "general": 4.0,
    "headed": 2.0,
    "generic": 0.0,
    "start": 4.5,
    "near": 2.3,
    "glued": 2.0,
    "host": 3.0,
    "word": 1.0,
    "initials": 0.5,
    "begun": 2.0,
}
"""How the names meet: all words; all words and the other's domain; all words, each of them general
(or the first two and more of them); one general word; the leading words; one letter apart; an
ending without a blank taken off; the same of a domain; a word inside; initials; one letter more."""

LEFTOVER: dict[str, float] = {"rare": -2.5, "trade": -2.4, "soft": -0.4, "place": -0.3}
"""Each word that only one of the names has; at most two of a kind count on a side."""

OF_RIGHT: dict[str, float] = {"place": -2.5}
"""The same, where only the account has it: its branch in a country is not the whole company."""

BOTH: dict[str, float] = {"rare": -3.0, "trade": -4.0, "place": -4.0, "soft": -2.0}
"""Both names have words of this kind, and different ones."""

SHORT: dict[int, float] = {1: -7.0, 2: -5.0, 3: -0.8}
"""So short a word is shared by chance, by its letters."""

SHORT_WHOLE = 0.25
"""The part of `SHORT` that counts where it is the whole name of both, or initials."""

SHORT_NEAR: dict[int, float] = {1: -9.0, 2: -8.0, 3: -7.0, 4: -6.0, 5: -3.0, 6: -2.0, 7: -1.0}
"""One letter of a short word makes another word."""

NUMBERS = -5.0
"""A number is no name: 360 of two companies."""

MOST = 2

SAID: dict[str, str] = {
    "exact": "same name",
    "label": "the other's domain",
    "general": "same name of general words",
    "headed": "same general words",
    "generic": "same general word",
    "start": "leading word",
    "near": "one letter apart",
    "glued": "same but for an ending",
    "host": "the other's domain but for an ending",
    "word": "word inside",
    "initials": "initials",
    "begun": "one letter longer",
}


Bits = dict[str, pl.Expr]


def _left_over(kind: str) -> pl.Expr:
    one, two = (pl.col(name).clip(0, MOST) for name in (kind, f"{kind}_right"))
    both = pl.when((one > 0) & (two > 0)).then(BOTH[kind]).otherwise(0.0)
    return one * LEFTOVER[kind] + two * OF_RIGHT.get(kind, LEFTOVER[kind]) + both


def _short() -> pl.Expr:
    letters = pl.col("letters")
    short, near = (
        letters.replace_strict(bits, default=0.0, return_dtype=pl.Float64)
        for bits in (SHORT, SHORT_NEAR)
    )
    whole = pl.col("level").is_in(["exact", "label", "initials"])
    shared = pl.when(whole).then(short * SHORT_WHOLE).otherwise(short)
    number = pl.when(pl.col("key").str.contains(r"^\d+$")).then(NUMBERS).otherwise(0.0)
    return pl.when(pl.col("level") == "near").then(near).otherwise(shared) + number


def weights() -> Bits:
    """The parts of the weight of a pair, in bits; their sum is the log2 odds."""
    rarity = (pl.col("accounts") / pl.col("holders")).log(2)
    return {
        "prior": -pl.col("accounts").cast(pl.Float64).log(2),
        "shared": rarity + pl.col("level").replace_strict(HOW, return_dtype=pl.Float64),
        "short": _short(),
        "left_over": pl.sum_horizontal(_left_over(kind) for kind in LEFTOVER),
    }


def probability(features: pl.DataFrame) -> pl.Series:
    """The probability that a pair is one company, seen alone: 1 / (1 + 2^−bits).

    Args:
        features: `candidates`.
    """
    bits = pl.sum_horizontal(weights().values()).clip(-60, 60)
    return features.select((1 / (1 + 2.0 ** (-bits))).alias("probability")).to_series()


def _part(name: str, text: pl.Expr, least: float = 0.05) -> pl.Expr:
    bits = pl.col(f"bits_{name}")
    sign = pl.when(bits < 0).then(pl.lit("−")).otherwise(pl.lit("+"))
    number = bits.abs().round(1).cast(pl.String)
    shown = pl.concat_str(text, pl.lit(" "), sign, number)
    return pl.when(bits.abs() >= least).then(shown)


def why() -> pl.Expr:
    """The parts in words, as "leading word 'acme' +13.6; left over 'india' −0.3; …".

    Reads the columns of `candidates`, bits_… of every part of `weights`, bits_rivals, and doubt.
    """
    split = (pl.col(name).str.split(" ") for name in ("rest", "rest_right"))
    one, two = split
    words = one.list.set_symmetric_difference(two).list.drop_nulls().list.sort().list.join(" ")
    shared = pl.format("{} '{}'", pl.col("level").replace_strict(SAID), pl.col("key"))
    return pl.concat_str(
        _part("shared", shared),
        _part("short", pl.format("only {} letters", "letters")),
        _part("left_over", pl.format("left over '{}'", words.str.strip_chars())),
        _part("prior", pl.format("one of {} accounts", "accounts")),
        _part("rivals", pl.lit("other candidates"), least=0.5),
        pl.col("doubt"),
        separator="; ",
        ignore_nulls=True,
    )
