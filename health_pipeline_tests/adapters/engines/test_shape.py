"""What comes out, whatever goes in; and what cannot go in."""

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.adapters.engines.steps import CONFLICTS, RollUpError
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS, UNRESOLVED_EVENTS
from health_pipeline_tests.adapters.engines.landed import event, rolled_up


def test_shapes_and_order(run):
    found = run(event("e", source_user_id="u"), event("f"), event("g", day=4))
    assert dict(found.activity.schema) == ACTIVITY
    assert dict(found.source_days.schema) == SOURCE_DAYS
    assert dict(found.unresolved.schema) == UNRESOLVED_EVENTS
    assert dict(found.conflict_sample.schema) == CONFLICTS
    assert found.activity.equals(
        found.activity.sort("account_id", "user_id", "day", nulls_last=True)
    )


def test_no_files_no_activity():
    found = rolled_up([])
    assert (found.activity.height, found.duplicates) == (0, 0)


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "broken.parquet"
    pl.DataFrame({"source": ["app"], "event_id": ["e"]}).write_parquet(path)
    with pytest.raises(RollUpError, match=r"broken\.parquet.*occurred_at, known_at, event_name"):
        rolled_up([path])
