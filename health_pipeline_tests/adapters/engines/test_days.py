"""Days are UTC days, and some cannot be yet, or any more."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from health_pipeline_tests.adapters.engines.landed import at, event, jan, rolled_up


@pytest.mark.parametrize(
    ("why", "more"),
    [
        ("the epoch", {"day": datetime(1970, 1, 1, tzinfo=UTC), "known": at(5)}),
        ("just before the first valid year", {"day": datetime(1999, 12, 31, 23, 59, tzinfo=UTC)}),
        ("the year 2100", {"day": datetime(2100, 1, 1, tzinfo=UTC), "known": at(5)}),
        ("the future", {"day": at(21, 0, 0), "known": at(5)}),
        ("not known yet", {"known": at(21, 0, 0)}),
    ],
)
def test_days_that_cannot_be_yet_or_any_more(run, why, more):
    found = run(event("bad", **more), event("good"))
    assert found.activity["day"].to_list() == [jan(5)], why
    assert found.source_days["events"].to_list() == [1], why
    assert found.unresolved.is_empty(), why


@pytest.mark.parametrize(
    ("why", "text", "day"),
    [
        ("UTC", "2026-01-05T23:30:00+00:00", 5),
        ("west of it: UTC is a day ahead", "2026-01-05T23:30:00-08:00", 6),
        ("east of it: UTC is a day behind", "2026-01-06T01:30:00+05:30", 5),
        ("no zone means UTC", "2026-01-05T23:30:00", 5),
    ],
)
def test_days_are_utc_days_whatever_the_zone(tmp_path, why, text, day):
    moment = datetime.fromisoformat(text)
    path = tmp_path / "e.parquet"
    row = {"source": "app", "event_id": "e", "event_name": "x", "source_account_id": "a"}
    pl.DataFrame(row).with_columns(occurred_at=moment, known_at=moment).write_parquet(path)
    assert rolled_up([path]).activity["day"].to_list() == [jan(day)], why
