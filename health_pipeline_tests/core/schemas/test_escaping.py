"""Hostile names: in each place they are text, and nothing but text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.schemas.escaping import (
    WORD_JOINER,
    as_html,
    as_line,
    as_markdown,
    as_mrkdwn,
)

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "**Acme** [pay](https://evil.example) | `code`",
    "# Heading\n- item",
    "<!channel> <@U1> <https://evil.example|Acme>",
    "مؤسسة \u202eevil\u202c Ltd",
    "Zoë 🚀👩‍💻 & Søn",
    "x" * 500,
]


TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


class Tags(HTMLParser):
    """What a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, _attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", HOSTILE)
def test_html_holds_no_tag_and_reads_as_it_was_written(name):
    seen = Tags()
    seen.feed(f'<p title="{as_html(name)}">{as_html(name)}</p>')
    assert seen.tags == ["p"]
    assert seen.text == re.sub("[\u202e\u202c]", "", name)


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
    ("mentions of Slack", as_mrkdwn, "<!channel>", "&lt;!channel&gt;"),
    ("entities of Slack", as_mrkdwn, "A & B", "A &amp; B"),
    ("styles of Slack", as_mrkdwn, "*a*", f"{WORD_JOINER}*a{WORD_JOINER}*"),
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
    assert not re.search("[<>]", as_mrkdwn(text))
    assert html.unescape(as_html(text)) == TURNING.sub("", text)
    unescaped = re.sub(r"\\(.)", "", as_markdown(text))
    assert not re.search(r"[`*_\[\]<>|#~]", unescaped)
