"""Hostile names: in each place they are text, and nothing but text."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.schemas.escaping import as_cell, as_line, as_markdown


def as_cell_of(text):
    return pl.select(as_cell(pl.lit(text))).item()


CASES = [
    # why, function, text, expected
    ("one line", as_line, " a\n\tb\x00c\u2028d ", "a b c d"),
    ("nothing turns the line", as_line, "a\u202eb\u2066c\u200f", "abc"),
    ("emoji stay whole", as_line, "👩‍💻 ok", "👩‍💻 ok"),
    ("right-to-left letters stay", as_line, "مؤسسة", "مؤسسة"),
    ("links of Markdown", as_markdown, "[a](b)", r"\[a\]\(b\)"),
    ("a cell ends at no bar", as_markdown, "a|b", r"a\|b"),
    ("no heading", as_markdown, "# a\nb", r"\# a b"),
    ("no HTML within Markdown", as_markdown, "<b>", r"\<b\>"),
    ("no formula", as_cell_of, '=HYPERLINK("x")', '\'=HYPERLINK("x")'),
    ("no formula behind a blank", as_cell_of, " +1", "' +1"),
    ("a name is itself", as_cell_of, "A=B - C", "A=B - C"),
]


@pytest.mark.parametrize(
    ("why", "function", "text", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_escaping(why, function, text, expected):
    assert function(text) == expected


def test_what_is_long_is_cut_and_says_so():
    cut = as_line("x" * 500)
    assert len(cut) == 200
    assert cut.endswith("…")


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_out(text):
    assert not re.search(r"[\n\r\x00-\x1f]", as_line(text))
    unescaped = re.sub(r"\\(.)", "", as_markdown(text))
    assert not re.search(r"[`*_\[\]<>|#~]", unescaped)
