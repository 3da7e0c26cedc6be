"""Copies of one event that say something else are told, with some of their ids."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from health_pipeline.orchestration.copies_agree import copies_check

CASES = [
    # why, copies that disagree, ids in the sample, how the sentence goes on
    ("none", 0, [], None),
    ("one", 1, ["e1"], "1 came again"),
    ("as many as are named", 3, ["e1", "e2", "e3"], "app:e3 (quantity). The copy"),
    ("more", 1_200, ["e1", "e2", "e3", "e4"], "app:e3 (quantity) and more. The copy"),
]


@pytest.mark.parametrize(("why", "conflicts", "ids", "said"), CASES)
def test_copies_that_disagree_are_told(why, conflicts, ids, said):
    rows = [("app", name, date(2025, 6, 1), "quantity") for name in ids]
    sample = pl.DataFrame(rows, schema=["source", "event_id", "known_on", "differs"], orient="row")
    found = copies_check(conflicts, sample)
    told = found.metadata["warnings"].value
    assert found.passed == (not told) == (said is None), why
    assert all(said in text for text in told)
    assert all("e4" not in text for text in told)
