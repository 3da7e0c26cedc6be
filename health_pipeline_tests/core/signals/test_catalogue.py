from __future__ import annotations

from health_pipeline.core.signals.catalogue import catalogue_markdown
from health_pipeline.core.signals.kind import kinds


def test_options_are_shown_with_their_defaults():
    only = catalogue_markdown({"escalations": kinds()["escalations"]})
    assert "`window_days` = `14`" in only
    assert "breadth" not in only


def test_the_reader_sees_no_sources_of_rules():
    assert "(R" not in catalogue_markdown(kinds())
