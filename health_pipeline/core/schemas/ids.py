"""Stable identifiers: the same parts give the same id, on any machine and in any run."""

from __future__ import annotations

import hashlib
from datetime import date

ID_LENGTH = 20


def stable_id(*parts: str | date) -> str:
    """Hexadecimal id of `parts` in order; days are written as YYYY-MM-DD.

    Parts are joined by a character that no id holds, so ("ab", "c") and ("a", "bc") differ.
    """
    text = "\x1f".join(part.isoformat() if isinstance(part, date) else part for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]
