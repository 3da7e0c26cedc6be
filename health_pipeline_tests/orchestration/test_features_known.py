"""A list of features that was never fitted to the product is told, with what is seen instead."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.activity.observed import OBSERVED
from health_pipeline.orchestration.features_known import features_check, knows_none, names_seen
from health_pipeline_tests.orchestration.small_world import house_in

DAY = date(2026, 3, 10)
AT = datetime(2026, 3, 11, tzinfo=UTC)


def windows(*rows: tuple[int | None, int | None, int | None]) -> pl.DataFrame:
    """Of accounts with so many events, such features and so much core use in 30 days."""
    names = ("events_30d", "features_30d", "core_events_30d")
    told = [{"account_id": str(n), "date": DAY, **dict(zip(names, row, strict=True))}
            for n, row in enumerate(rows)]  # fmt: skip
    return pl.DataFrame(told, schema=OBSERVED)


@pytest.mark.parametrize(
    ("why", "rows", "expected"),
    [
        ("events of no feature", [(5, 0, 0), (3, 0, 0)], True),
        ("one account uses one", [(5, 0, 0), (3, 4, 0)], False),
        ("core use by an event's name alone", [(5, 0, 2)], False),
        ("no usage at all says nothing", [(0, 0, 0)], False),
        ("a feature without an event of these days", [(0, 4, 0), (3, 0, 0)], True),
        ("an account of which nothing is known", [(None, None, None)], False),
        ("nobody", [], False),
    ],
)
def test_when_the_list_knows_nothing(why, rows, expected):
    assert knows_none(windows(*rows)) is expected, why


@pytest.fixture
def stores(tmp_path):
    with house_in(tmp_path, tmp_path).open() as opened:
        yield opened


def events(*rows: tuple[str | None, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"feature": pl.String, "event_name": pl.String}, orient="row")


def publish(stores, *writes):
    stores.lake.publish(writes, run_id="r", at=AT)


def test_what_is_seen_instead_is_named_the_most_frequent_first(stores):
    before = DAY - timedelta(days=1)
    metrics = [
        (DAY, "event:search"),
        (DAY, "feature:maps"),
        (before, "maps"),
        (DAY, "active_users"),
        (DAY - timedelta(days=30), "event:old"),
        (DAY + timedelta(days=1), "event:later"),
    ]
    usage = pl.DataFrame(metrics, schema={"day": pl.Date, "metric": pl.String}, orient="row")
    publish(
        stores,
        Write("landing/events", before, events(("older", "x"))),
        Write("landing/events", DAY, events(("maps", "x"), (None, "login"), (None, "login"))),
        Write("landing/events", DAY + timedelta(days=1), events(("next", "x"))),
        Write("landing/usage_daily", None, usage),
    )
    assert names_seen(stores, DAY) == [("maps", 3), ("login", 2), ("search", 1)]


def test_the_check_warns_in_words(stores):
    publish(stores, Write("landing/events", DAY, events(*[(f"f{n}", "x") for n in range(7)])))
    found = features_check(stores, windows((5, 0, 0)))
    (text,) = found.metadata["warnings"].value
    assert not found.passed
    assert (
        "Seen: f0 (1 rows), f1 (1 rows), f2 (1 rows), f3 (1 rows), f4 (1 rows) and 2 more" in text
    )


@pytest.mark.parametrize("rows", [windows((5, 1, 0)), windows()])
def test_nothing_is_said_where_the_list_fits_or_nobody_is_there(stores, rows):
    found = features_check(stores, rows)
    assert found.passed
    assert found.metadata["warnings"].value == []


def test_no_name_at_all_is_said_too(stores):
    (text,) = features_check(stores, windows((5, 0, 0))).metadata["warnings"].value
    assert "Seen: no event with a name." in text
