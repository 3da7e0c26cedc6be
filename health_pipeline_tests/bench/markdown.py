"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """`head` and `rows` as a table."""
    lines = [head, ["---" for _ in head], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
