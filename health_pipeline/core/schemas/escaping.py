"""What a source wrote, made harmless for each place that it is shown in.

Stored text is plain: names, notes and titles stand in it as their source has them. Each place that
shows it escapes it for itself, by the function of its kind.
"""

from __future__ import annotations

import re
from html import escape

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@/])")
_MRKDWN = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_STYLES = re.compile(r"([*_~`])")

WORD_JOINER = "\u2060"
"""Without width. Before a mark of style it keeps Slack from pairing it with another."""


def as_line(text: str, longest: int = 200) -> str:
    """One plain line: no control characters, none that turns the direction of what follows."""
    flat = _CONTROL.sub(" ", _TURNING.sub("", text)).strip()
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"


def as_html(text: str) -> str:
    """Text of an element or of a quoted attribute of HTML."""
    return escape(_TURNING.sub("", text), quote=True)


def as_markdown(text: str) -> str:
    """Text of one line of Markdown, or of a cell of a table: no mark of it means anything."""
    return _MARKS.sub(r"\\\1", as_line(text, len(text) + 1))


def as_mrkdwn(text: str) -> str:
    """Text within Slack's mrkdwn: no mention, no link, no style."""
    styled = _STYLES.sub(rf"{WORD_JOINER}\1", _TURNING.sub("", text))
    return styled.translate(_MRKDWN)
