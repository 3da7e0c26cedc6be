"""Tables on a terminal: what people copy from them stays whole."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pytest
from rich.console import Console

from health_pipeline.cli import house
from health_pipeline.cli.explain import play_table
from health_pipeline.cli.render import WIDE, code_words, table_of
from health_pipeline.cli.summary import silence_words

PLAY = "0388924f97bde1885a96"
ROW = (PLAY, "The Delmarra Motors AB", "reverse_usage_decline", "csm-emea-5@vendor.example")


@pytest.mark.parametrize(("whole", "stays"), [(("play_id",), True), ((), False)])
def test_ids_are_not_broken_where_they_are_copied(whole, stays):
    console = Console(file=io.StringIO(), width=60)
    console.print(table_of("Plays", ("play_id", "account", "play", "whose"), [ROW], whole))
    assert isinstance(console.file, io.StringIO)
    assert (PLAY in console.file.getvalue()) == stays


@pytest.mark.parametrize(
    ("width", "shown"), [(WIDE, "reverse_usage_decline"), (WIDE - 1, "reverse usage decline")]
)
def test_names_of_the_model_are_words_where_they_would_be_cut(width, shown):
    assert code_words("reverse_usage_decline", width) == shown
    assert code_words(None, width) == "-"


@pytest.mark.parametrize("console", [house.out, house.err], ids=["out", "err"])
@pytest.mark.parametrize("text", ["crm:a:b:c", "Two :fire: Ltd"])
def test_codes_of_emoji_are_text(console, text):
    with console.capture() as shown:
        console.print(text)
        console.print(table_of(text, (text,), [(text,)]))
    assert shown.get().count(text) == 4


@pytest.mark.parametrize("owner", ["ada [x]@us.example", "[/bold] nobody", "unowned"])
def test_an_owner_of_a_step_is_text(owner):
    play = {
        "play": "p",
        "status": "proposed",
        "due_at": datetime(2025, 6, 1, tzinfo=UTC),
        "steps": [{"due": date(2025, 6, 1), "owner": owner, "text": "[red]Call[/red]"}],
    }
    with house.out.capture() as shown:
        house.out.print(play_table(play))
    assert owner in shown.get()
    assert "[red]Call[/red]" in shown.get()


def test_the_name_of_a_silent_source_is_text():
    row = {"source": "[/crm]", "table": "tickets", "since": date(2026, 3, 1)}
    with house.out.capture() as shown:
        house.out.print(silence_words({**row, "accounts": 2, "share": 0.5, "freezes": True}))
    assert "Silent since 2026-03-01: [/crm] tickets, which told of 2 customers" in shown.get()
