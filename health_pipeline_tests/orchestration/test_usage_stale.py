"""Which windows no longer follow from the activity."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.adapters.store.stale import note_stale
from health_pipeline.orchestration.usage import USAGE_WINDOWS
from health_pipeline.orchestration.usage_stale import stale, stale_days, watched
from health_pipeline.orchestration.window import Window

LAST = date(2026, 3, 10)
FIRST = LAST - timedelta(days=200)


@pytest.fixture
def lake(tmp_path):
    """Activity of 201 days, and windows of them."""
    with closing(open_control(tmp_path / "control.db")) as control:
        found = Lake(tmp_path / "lake", control)
        put(found, *(Write(USAGE_WINDOWS, day, rows(0)) for day in days(200)))
        put(found, *(Write("activity", day, rows(0)) for day in days(200)))
        yield found


def rows(value: int) -> pl.DataFrame:
    return pl.DataFrame({"events": [value]})


def days(back: int) -> list[date]:
    return [LAST - timedelta(days=n) for n in range(back, -1, -1)]


def put(lake: Lake, *writes: Write) -> None:
    lake.publish(writes, run_id="r", at=datetime(2026, 3, 10, tzinfo=UTC))


def roll_up(lake: Lake, day: date, value: int) -> None:
    with watched(lake, Window(day, day)):
        put(lake, Write("activity", day, rows(value)))


def test_only_activity_that_changed_leaves_windows_behind(lake):
    roll_up(lake, LAST - timedelta(days=5), 0)
    assert stale(lake) is None
    roll_up(lake, LAST + timedelta(days=1), 7)
    assert stale(lake) is None, "no windows are worked out for that day yet"
    roll_up(lake, LAST - timedelta(days=5), 7)
    assert stale(lake) == Window(LAST - timedelta(days=5), LAST)
    assert stale_days(lake) == days(5)
    roll_up(lake, LAST - timedelta(days=3), 0)
    assert stale(lake) == Window(LAST - timedelta(days=5), LAST), "until they are worked out"
    note_stale(lake.connection, None)
    assert stale_days(lake) == []


def test_days_that_no_later_day_looks_back_to_are_left(lake):
    roll_up(lake, FIRST, 7)
    assert stale(lake) == Window(FIRST, LAST)
    assert stale_days(lake) == days(13 * 7 - 1)


def test_a_run_that_is_killed_leaves_the_note(lake):
    with pytest.raises(KeyboardInterrupt), watched(lake, Window(LAST, LAST)):
        raise KeyboardInterrupt
    assert stale(lake) == Window(LAST, LAST)
