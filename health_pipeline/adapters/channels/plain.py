"""Text of customers made harmless for any reader: no control characters, no foreign direction."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
_JOINERS = "\u200c\u200d"
"""Kept: they join letters of some scripts, and the parts of an emoji."""

_ISOLATE, _END = "\u2068", "\u2069"


def plain(text: str) -> str:
    """One line: control and line-breaking characters become spaces, invisible ones are dropped."""
    return " ".join("".join(_harmless(one) for one in text).split(" ")).strip()


def lines_of(text: str) -> list[str]:
    """The lines of a text, each harmless by itself; empty ones at its ends are dropped."""
    return [plain(line) for line in text.strip().splitlines()]


def clipped(text: str, most: int) -> str:
    """At most `most` characters, an ellipsis in place of what was cut; no character is torn."""
    if len(text) <= most:
        return text
    end = max(0, most - 1)
    while end > 0 and _belongs_to_the_one_before(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def isolated(name: str) -> str:
    """`name` as it may stand inside a sentence: one from right to left does not turn the rest."""
    turns = any(unicodedata.bidirectional(one) in ("R", "AL", "AN") for one in name)
    return f"{_ISOLATE}{name}{_END}" if turns else name


def _harmless(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cc", "Zl", "Zp"):
        return " "
    if kind in ("Cf", "Cs", "Co", "Cn") and character not in _JOINERS:
        return ""
    return character


def _belongs_to_the_one_before(text: str, place: int) -> bool:
    """Accents, variation selectors, skin tones, and both sides of a joiner."""
    here, before = text[place], text[place - 1]
    return (
        unicodedata.category(here) in ("Mn", "Me", "Mc", "Cf")
        or "\U0001f3fb" <= here <= "\U0001f3ff"
        or before in _JOINERS
    )
