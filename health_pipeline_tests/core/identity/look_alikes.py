"""Domains and names rewritten with letters that look like theirs (Unicode confusables)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

CYRILLIC = dict(
    zip("acdehijlopqsuvwxyABCEHIJKMOPSTXY", "асԁеһіјӏорԛѕυѵԝхуАВСЕНІЈКМОРЅТХУ", strict=True)
)
GREEK = dict(zip("aiopuvxyABEHIKMNOPTXYZ", "αιορυνχγΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", strict=True))
ARMENIAN = dict(zip("ghnoqu", "ցհոօզս", strict=True))
LATIN = dict(zip("agi", "ɑɡı", strict=True))
WIDE = {chr(n): chr(n + 0xFEE0) for n in range(ord("!"), ord("~") + 1) if chr(n).isalnum()}
BOLD = {chr(ord("a") + n): chr(0x1D41A + n) for n in range(26)}
SIGNS = {"K": "\u212a", "A": "\u212b"}
ALPHABETS = (CYRILLIC, GREEK, ARMENIAN, LATIN, WIDE, BOLD, SIGNS)

HOSTS = (
    *("apple.com", "google.com", "microsoft.com", "paypal.com", "amazon.co.uk", "oracle.com"),
    *("cisco.com", "shopify.com", "siemens.de", "unicredit.it", "adobe.com", "hp.com", "sap.com"),
)
NAMES = (
    *("Apple Inc", "Alphabet", "Cisco Systems", "Oracle", "KPMG", "Coca-Cola", "Axa", "Hoya"),
    *("Unicredit SpA", "Exxon", "Pepsico", "SAP SE", "Epic", "PayPal", "Ocado", "ABB"),
)


def rewritten(text: str, letters: dict[str, str]) -> Iterator[str]:
    """`text` with one letter replaced, and with all that can be."""
    places = [n for n, char in enumerate(text) if char in letters]
    for n in places:
        yield text[:n] + letters[text[n]] + text[n + 1 :]
    if len(places) > 1:
        yield "".join(letters.get(char, char) for char in text)


def look_alikes(texts: tuple[str, ...], count: int) -> list[tuple[str, str]]:
    """`count` pairs (text, look-alike), taken from all alphabets in turn."""
    by_alphabet = [
        [(text, other) for text in texts for other in rewritten(text, letters)]
        for letters in ALPHABETS
    ]
    turns = zip(*(islice(cycle(pairs or [None]), count) for pairs in by_alphabet), strict=True)
    found = dict.fromkeys(pair for turn in turns for pair in turn if pair)
    return list(found)[:count]
