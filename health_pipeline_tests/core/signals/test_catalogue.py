from __future__ import annotations

from pathlib import Path

from health_pipeline.core.signals.catalogue import catalogue_markdown
from health_pipeline.core.signals.kind import kinds

DOCUMENT = Path(__file__).parents[3] / "docs" / "signals.md"


def test_the_document_says_what_the_kinds_say():
    assert DOCUMENT.read_text("utf-8") == catalogue_markdown(kinds()), (
        "docs/signals.md is out of date: write catalogue_markdown(kinds()) into it"
    )


def test_options_are_shown_with_their_defaults():
    only = catalogue_markdown({"escalations": kinds()["escalations"]})
    assert "`window_days` = `14`" in only
    assert "breadth" not in only
