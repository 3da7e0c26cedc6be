"""A reader with a calculator: takes the printed arithmetic and does it again."""

from __future__ import annotations

import re

SIGNS = {"−": "-", "×": "*", "^": "**", "≥": ">=", "≤": "<="}
ALLOWED = re.compile(r"(max|[-+*/()<>=,.\d\s])*")


def typed(text: str) -> str:
    """`text` as it is typed into a calculator; nothing but figures, signs and max may remain."""
    for printed, key in SIGNS.items():
        text = text.replace(printed, key)
    assert ALLOWED.fullmatch(text), text
    return text


def reckon(text: str) -> float:
    """The value of a printed expression."""
    return float(eval(typed(text), {"__builtins__": {}}, {"max": max}))  # noqa: S307 — see typed


def holds(text: str) -> bool:
    """Whether a printed comparison is true."""
    return bool(eval(typed(text), {"__builtins__": {}}, {}))  # noqa: S307 — see typed


def both_sides(text: str) -> tuple[float, float]:
    """What is left and right of the last "=" of "a + b = c"."""
    left, right = text.rsplit(" = ", 1)
    return reckon(left), reckon(right)
