"""Letters that look like others: what may not link automatically (R23).

Nothing here turns one letter into another. No folding of this package makes a Cyrillic, Greek or
Armenian letter equal to a Latin one; this module finds the values that were written as if it did.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
"""Scripts that Japanese, Korean and Chinese names mix with each other and with Latin (UTS 39,
"highly restrictive"): NTTデータ, LG전자."""


@lru_cache(maxsize=4096)
def script_of(char: str) -> str | None:
    """The script of a letter by its Unicode name ("LATIN"); None for signs that all scripts use."""
    if unicodedata.category(char) not in {"Ll", "Lu", "Lt", "Lo"}:
        return None
    return re.split(r"[ -]", unicodedata.name(char, "UNNAMED"), maxsplit=1)[0]


@lru_cache(maxsize=4096)
def _is_compatibility(char: str) -> bool:
    """Whether Unicode replaces this letter or digit by a plain one: ａ, 𝐚, ﬁ, ², K (Kelvin)."""
    return unicodedata.category(char)[0] in "LN" and unicodedata.normalize("NFKC", char) != char


@lru_cache(maxsize=4096)
def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in {"Cf", "Cc", "Co", "Cs"} and char not in "\t\r\n"


def _is_mixed(word: str) -> bool:
    scripts = {script for char in word if (script := script_of(char))}
    return len(scripts) > 1 and not scripts <= {"LATIN", *_EAST_ASIAN}


def disguise(text: str) -> str | None:
    """Why `text` could pass for another value; None when it could not.

    Three things make a value unfit as a key: invisible characters, letters or digits in a
    compatibility form (full-width, mathematical, ligatures), and a word that mixes scripts. A word
    wholly in another script is fit: it is a key of its own, which equals no Latin one.
    """
    if text.isascii() and text.isprintable():
        return None
    for char in text:
        if _is_invisible(char):
            return f"invisible character U+{ord(char):04X}"
        if _is_compatibility(char):
            return f"letter or digit in a compatibility form: {char} (U+{ord(char):04X})"
    mixed = next((word for word in _WORD.findall(text) if _is_mixed(word)), None)
    return f"word mixes scripts: {mixed[:60]}" if mixed else None
