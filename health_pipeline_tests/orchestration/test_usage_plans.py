"""The plan of an account on a day that a range looks back to."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.orchestration.usage_plans import COLUMNS, DayPlans

FIRST = date(2026, 3, 2)
SINCE = FIRST - timedelta(weeks=13)


def population(day: date, plan: str) -> pl.DataFrame:
    return pl.DataFrame([("acc", day, plan)], schema=COLUMNS, orient="row")


@pytest.mark.parametrize(
    ("why", "published", "expected"),
    [
        # days before the first of the range and plans as published; day asked for and its plan
        ("its own, since the first day asked for", {20: "old", 9: "new"}, (15, "old")),
        ("its own, on the last day before the range", {20: "old", 1: "new"}, (1, "new")),
        ("its own, before the first day asked for", {100: "old", 20: "new"}, (95, "old")),
        ("that of the first known day before it", {20: "old"}, (90, "old")),
        ("that of the range on its days", {20: "old"}, (0, "now")),
        ("that of the range where nothing is published", {}, (40, "now")),
    ],
)  # fmt: skip
def test_plans_are_those_of_the_day(why, published, expected, tmp_path):
    with closing(open_control(tmp_path / "control.db")) as control:
        lake = Lake(tmp_path / "lake", control)
        days = {FIRST - timedelta(days=back): plan for back, plan in published.items()}
        writes = [Write("population", day, population(day, plan)) for day, plan in days.items()]
        lake.publish(writes, run_id="r", at=datetime(2026, 3, 2, tzinfo=UTC))
        accounts = pl.Series("account_id", ["acc"])
        plans = DayPlans(lake, accounts, population(FIRST, "now"), FIRST, SINCE)
        back, plan = expected
        assert plans(FIRST - timedelta(days=back)).to_list() == [plan], why
