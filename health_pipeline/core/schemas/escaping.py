"""What a source wrote, made harmless for the terminal, for Markdown and for spreadsheets.

Stored text is plain: names, notes and titles stand in it as their source has them. Each place that
shows it escapes it for itself: the report by its template, each channel in its own file.
"""

from __future__ import annotations

import re

import polars as pl

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@/])")


def as_line(text: str, longest: int = 200) -> str:
    """One plain line: no control characters, none that turns the direction of what follows."""
    flat = _CONTROL.sub(" ", _TURNING.sub("", text)).strip()
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"


def as_markdown(text: str) -> str:
    """Text of one line of Markdown, or of a cell of a table: no mark of it means anything."""
    return _MARKS.sub(r"\\\1", as_line(text, len(text) + 1))


def as_cell(text: pl.Expr) -> pl.Expr:
    """Text of a CSV cell that no spreadsheet takes for a formula: who signs up chooses the name."""
    return text.str.replace(r"^(\s*[=+\-@])", "'${1}")
