"""The 24-hour ledger: which moment is which, and what counts as late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.core.plays.ledger import (
    Told,
    action_ledger,
    late_tasks,
    leg_hours,
    untouched,
)
from health_pipeline.core.schemas.results import RESULT_TABLES

DAY = date(2026, 3, 10)
KNOWN = datetime(2026, 3, 10, 23, 59, 59, 999999, tzinfo=UTC)


def after(hours):
    return KNOWN + timedelta(hours=hours)


def rows(table, *given):
    shape = RESULT_TABLES[table].columns
    return pl.DataFrame([dict.fromkeys(shape) | one for one in given], schema=shape)


def ledger(*, task=2.0, touch=None, sent=(), **changes):
    play = {
        "play_id": "p1",
        "account_id": "a",
        "play": "call",
        "reason_code": "usage_down_30d",
        "opened_at": KNOWN,
        "owner_email": "csm@us.example",
        "first_touch_at": None if touch is None else after(touch),
        "steps": [],
    }
    evidence = dict.fromkeys(("value", "unit", "baseline", "subscore", "observed_on", "detail"))
    reason = {
        "account_id": "a",
        "date": DAY,
        "reason_code": "usage_down_30d",
        "direction": "risk",
        "rank": 1,
        "evidence": evidence | {"observed_on": date(2026, 3, 9)},
    }
    deliveries = [
        {"delivery_id": f"d{n}", "alert_id": "al", "at": after(hours), "ok": ok}
        for n, (hours, ok) in enumerate(sent)
    ]
    tasks = pl.DataFrame(
        {"play_id": ["p1"], "task_at": [after(task)]},
        schema_overrides={"task_at": pl.Datetime("us", "UTC")},
    )
    return action_ledger(
        rows("plays", play | changes),
        tasks,
        rows("health_scores", {"account_id": "a", "date": DAY, "scored_at": after(1)}),
        rows("reason_codes", reason),
        Told(
            rows("alerts", {"alert_id": "al", "account_id": "a"}), rows("deliveries", *deliveries)
        ),
    )


def test_every_moment_has_its_place():
    row = ledger(touch=5, sent=[(-1, True), (3, False), (4, True), (6, True)]).row(0, named=True)
    assert row["occurred_at"] == datetime(2026, 3, 9, tzinfo=UTC)
    assert row["known_at"] == KNOWN
    assert row["scored_at"] == after(1)
    assert row["task_at"] == after(2)
    assert row["alerted_at"] == after(4)
    assert row["first_touch_at"] == after(5)
    assert row["is_live"]
    hours = {leg: p50 for leg, _, p50, *_ in leg_hours(ledger(touch=5, sent=[(4, True)])).rows()}
    assert hours["known to task"] == pytest.approx(2)
    assert hours["task to first touch"] == pytest.approx(3)
    assert hours["scored to alerted"] == pytest.approx(3)


@pytest.mark.parametrize(
    ("task", "is_live", "late"), [(2, True, 0), (24, True, 0), (25, True, 1), (37, False, 0)]
)
def test_the_system_owes_a_task_in_24_hours_and_nothing_for_history(task, is_live, late):
    found = ledger(task=task)
    assert found["is_live"].to_list() == [is_live]
    assert late_tasks(found).height == late


@pytest.mark.parametrize("outcome", ["backfilled", "muted", "held_out"])
def test_what_nobody_was_to_work_on_is_left_out(outcome):
    assert ledger(outcome=outcome).is_empty()


@pytest.mark.parametrize(
    ("now", "touch", "closed", "late", "hours"),
    [
        (10, None, None, 0, None),
        (40, None, None, 1, None),
        (40, 20, None, 0, 18.0),
        (90, 50, None, 1, 48.0),
        (90, None, 20, 0, None),
    ],
)  # fmt: skip
def test_people_owe_a_touch_in_24_hours(now, touch, closed, late, hours):
    found = ledger(touch=touch, closed_at=None if closed is None else after(closed))
    owners = untouched(found, pl.lit(after(now)).cast(pl.Datetime("us", "UTC")))
    assert owners.rows() == [("csm@us.example", 1, late, hours, hours)]
