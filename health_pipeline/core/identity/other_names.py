"""Two names in one text: "Acme (formerly Beta)", "Acme, dba Beta"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = re.compile(
    r"(?<!\w)(?:"
    r"(?:formerly|previously)(?: known as| named| called)?"
    r"|[fdan]/[kb]/a|[fdan]\.[kb]\.a\.?|t/a"
    r"|(?:trading|doing business|also known|now known) as"
    r"|(?<=[,;(\[])(?:dba|fka|aka|nka)|(?<=[,;(\[] )(?:dba|fka|aka|nka)"
    r")(?!\w)",
    re.IGNORECASE,
)
_UNCLEAR = re.compile(r"\w\W* (dba|fka|aka|nka) \W*\w", re.IGNORECASE)
MAY_HAVE_OTHER_NAME = r"(?i)formerly|previously| as |t/a|[dfan][./]?[kb][./]?a\b"
"""A superset of what `split_names` acts on, for polars."""


@dataclass(frozen=True, slots=True)
class Names:
    """The name, the other name (a former or trading one), or why they cannot be told apart."""

    name: str
    other: str = ""
    why: str = ""


def split_names(text: str) -> Names:
    """The name in `text` and the former or trading name beside it.

    A bare "dba" between words is not understood: Oracle DBA Services is one company.
    """
    marks = list(_MARK.finditer(text))
    if len(marks) > 1:
        return Names("", why="more than two names in one text")
    if not marks:
        unclear = _UNCLEAR.search(text)
        why = f"one name or two? {unclear[1]}" if unclear else ""
        return Names(text, why=why)
    before, after = text[: marks[0].start()].rstrip(), text[marks[0].end() :]
    if before.endswith(("(", "[")):
        inside, _, rest = after.partition(")" if before.endswith("(") else "]")
        return Names(f"{before[:-1]} {rest}", inside)
    return Names(before, after)
