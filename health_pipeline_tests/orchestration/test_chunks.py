"""A range is cut into chunks: every day once, in order, no hole inside, none too big."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.orchestration import chunks as room
from health_pipeline.orchestration.chunks import CHUNK_DAYS, CHUNK_ROWS, chunks
from health_pipeline.orchestration.window import runs_of

START = date(2025, 1, 1)


@given(
    offsets=st.lists(st.integers(0, 400), unique=True),
    rows_a_day=st.integers(0, 2 * CHUNK_ROWS),
)
@settings(max_examples=50, deadline=None)
def test_chunks_are_the_days_in_order_and_bounded(offsets, rows_a_day):
    days = [START + timedelta(days=n) for n in sorted(offsets)]
    found = chunks(days, rows_a_day)
    assert [day for part in found for day in part.days] == days
    for part in found:
        assert len(part.days) == 1 or len(part.days) * rows_a_day <= CHUNK_ROWS
        assert len(part.days) <= CHUNK_DAYS


def test_a_month_of_a_middling_house_is_one_chunk():
    days = [START + timedelta(days=n) for n in range(31)]
    assert len(chunks(days, 2_000 * 30)) == 1
    assert len(chunks(days, 50_000 * 14)) == 16


def test_windows_end_at_holes():
    days = [START + timedelta(days=n) for n in (0, 1, 2, 5, 7, 8)]
    assert [str(run) for run in runs_of(days)] == [
        "2025-01-01 … 2025-01-03",
        "2025-01-06",
        "2025-01-08 … 2025-01-09",
    ]


def test_the_limits_are_read_when_a_range_is_cut(monkeypatch):
    monkeypatch.setattr(room, "CHUNK_DAYS", 2)
    days = [START + timedelta(days=n) for n in range(5)]
    assert [len(part.days) for part in chunks(days, 1)] == [2, 2, 1]
