"""What is worked out once for many days is what each day for itself would see."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.identity.seen import first_seen, used_since
from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import (
    KNOWN_SINCE_EVER,
    Timeline,
    as_of,
    dated,
    days_between,
    end_of,
    first_shown,
)
from health_pipeline.core.schemas.time import in_force as in_force_of

FIRST, LAST = date(2024, 1, 13), date(2024, 1, 17)
NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
MOMENTS = st.integers(-5, 5).map(lambda n: NOON + timedelta(days=n))
TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "ticket_id": st.sampled_from("tuv"),
            "opened_at": st.none() | MOMENTS,
            "resolved_at": st.none() | MOMENTS,
            "reopened_count": st.none() | st.integers(0, 3),
            "deleted_at": st.none() | MOMENTS,
            "known_at": MOMENTS,
            "known_assumed": st.booleans(),
        }
    ),
    max_size=12,
)
SEEN = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from("abc"),
            "created_at": st.none() | MOMENTS,
            "known_at": st.just(KNOWN_SINCE_EVER) | MOMENTS,
        }
    ),
    max_size=12,
)


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Versions of tickets, each with its place in the order of arrival."""
    schema = {
        "ticket_id": pl.String(),
        "opened_at": TIMESTAMP,
        "resolved_at": TIMESTAMP,
        "reopened_count": pl.Int64(),
        "deleted_at": TIMESTAMP,
        "known_at": TIMESTAMP,
        "known_assumed": pl.Boolean(),
    }
    return pl.DataFrame(rows, schema=schema).with_columns(source=pl.lit("s")).with_row_index("n")


def in_force(rows: list[dict[str, object]], day: date) -> list[int]:
    """The law as written: the last known version of each key, of what stood and had happened."""
    end, latest = end_of(day), {}
    for n, row in sorted(enumerate(rows), key=lambda found: found[1]["known_at"]):
        if row["known_at"] <= end and (row["opened_at"] is None or row["opened_at"] <= end):
            latest[row["ticket_id"]] = n
    gone = {n for n, row in enumerate(rows) if row["deleted_at"] and row["deleted_at"] <= end}
    return sorted(set(latest.values()) - gone)


@given(rows=TICKETS)
@settings(max_examples=100, deadline=None)
def test_each_day_of_a_timeline_sees_the_versions_in_force(rows):
    line = Timeline.of(SOURCE_TABLES["tickets"], frame(rows), first=FIRST, through=LAST)
    for day in days_between(FIRST, LAST):
        assert sorted(line.on(day)["n"].to_list()) == in_force(rows, day), day


@given(rows=TICKETS)
@settings(max_examples=100, deadline=None)
def test_a_timeline_gives_what_each_day_alone_gives(rows):
    table, versions = SOURCE_TABLES["tickets"], frame(rows)
    line = Timeline.of(table, versions, first=FIRST, through=LAST)
    for day in days_between(FIRST, LAST):
        assert line.on(day).equals(as_of(table, versions, day)), day


@given(rows=TICKETS)
@settings(max_examples=100, deadline=None)
def test_dated_versions_give_what_each_day_alone_gives(rows):
    table, versions = SOURCE_TABLES["tickets"], frame(rows)
    every = dated(table, versions).lazy()
    for day in days_between(FIRST, LAST):
        found = in_force_of(table, every, day).select(versions.columns).collect()
        assert found.equals(as_of(table, versions, day)), day


@given(rows=SEEN)
@settings(max_examples=200, deadline=None)
def test_the_rows_that_were_shown_first_tell_since_when_an_account_is_seen(rows):
    schema = {"account_id": pl.String(), "created_at": TIMESTAMP, "known_at": TIMESTAMP}
    every = {"users": pl.DataFrame(rows, schema=schema)}
    few = {"users": first_shown(SOURCE_TABLES["users"], every["users"])}
    nobody = pl.DataFrame(
        schema={"account_id": pl.String(), "known_on": pl.Date(), "first_active_on": pl.Date()}
    )
    assert first_seen(few, nobody).equals(first_seen(every, nobody))
    numbers = {"a": 0, "b": 1, "c": 2}
    numbered = every["users"].with_columns(
        pl.col("account_id").replace_strict(numbers, return_dtype=pl.UInt32)
    )
    found = first_shown(SOURCE_TABLES["users"], numbered)
    assert found.drop("account_id").equals(few["users"].drop("account_id"))
    used = [used_since(tables, nobody).sort("account_id") for tables in (few, every)]
    assert used[0].equals(used[1])
