"""A score that cannot start a play within 24 hours is a vanity score (R5): each play, from Red on.

For every way in which the packaged model can open a play there is a world in which it does, with
real triggers, gates and steps, and the ledger tells known → task of it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.core.plays.enrol import enrol
from health_pipeline.core.plays.ledger import Told, action_ledger, late_tasks, leg_hours, untouched
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of
from health_pipeline.orchestration.assets.ledger import human_check, system_check
from health_pipeline.orchestration.plays import gate_plays

MODEL = load_model()
BOOK, GATES = MODEL.plays, gate_plays(MODEL)
DAY = date(2026, 3, 10)
KNOWN = end_of(DAY)


def world(**changes: Any) -> dict[str, Any]:
    """A Red account that nothing but what is changed speaks of."""
    row: dict[str, Any] = {"gate": None, "reason": None, "arr": 1_000.0, "tier_before": "yellow"}
    return row | changes


WAYS: list[tuple[str, dict[str, Any], str]] = [
    *(
        (f"reason {spec.reason_code}", world(reason=(spec.reason_code, spec.play)), spec.play)
        for spec in MODEL.signals
    ),
    *((f"gate {name}", world(gate=name), play) for name, play in GATES.items()),
    *(
        (
            f"trigger {n}",
            world(
                gate=next(iter(trigger.gates), None),
                tier_before=next(iter(trigger.from_tiers), "yellow"),
                arr=trigger.arr_from or 1_000.0,
            ),
            trigger.play,
        )
        for n, trigger in enumerate(BOOK.triggers)
    ),
    ("nothing at all", world(), BOOK.otherwise),
]


def rows(table: str, *given: dict[str, Any]) -> pl.DataFrame:
    shape = RESULT_TABLES[table].columns
    return pl.DataFrame([dict.fromkeys(shape) | one for one in given], schema=shape)


def opened(way: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Plays, scores and reasons of the account on the day on which it became Red."""
    common = {"account_id": "a", "date": DAY}
    scores = rows(
        "health_scores",
        common
        | {"tier": "red", "tier_since": DAY, "gate": way["gate"], "arr": way["arr"]}
        | {"scored_at": KNOWN + timedelta(hours=1)},
    ).with_columns(pl.lit(way["tier_before"]).alias("tier_before"))
    told = [] if way["reason"] is None else [way["reason"]]
    reasons = rows(
        "reason_codes",
        *(
            common | {"direction": "risk", "rank": 1, "reason_code": code, "play": play}
            for code, play in told
        ),
    )
    people = pl.DataFrame(
        common | {"owner_email": "csm@us.example", "exec_email": "vp@us.example", "region": None},
        schema_overrides={"region": pl.String},
    )
    nobody = RESULT_TABLES["plays"].empty()
    return enrol(scores, reasons, nobody, people, BOOK, "m", GATES), scores, reasons


def ledger(way: dict[str, Any], task: float, touch: float | None = None) -> pl.DataFrame:
    plays, scores, reasons = opened(way)
    if touch is not None:
        touched = KNOWN + timedelta(hours=task + touch)
        plays = plays.with_columns(
            pl.lit(touched).cast(pl.Datetime("us", "UTC")).alias("first_touch_at")
        )
    tasks = plays.select(
        "play_id", task_at=pl.lit(KNOWN + timedelta(hours=task)).cast(pl.Datetime("us", "UTC"))
    )
    told = Told(RESULT_TABLES["alerts"].empty(), RESULT_TABLES["deliveries"].empty())
    return action_ledger(plays, tasks, scores.drop("tier_before"), reasons, told)


@pytest.mark.parametrize(("why", "way", "play"), WAYS, ids=[way[0] for way in WAYS])
def test_every_way_into_red_starts_its_play_within_24_hours(why, way, play):
    plays, *_ = opened(way)
    assert plays["play"].to_list() == [play]
    row = plays.row(0, named=True)
    assert row["due_at"] <= KNOWN + timedelta(hours=24), "its first step has started by then"
    assert all(step["owner"] != "unowned" for step in row["steps"])
    in_time = ledger(way, task=3.0)
    assert in_time["play"].to_list() == [play]
    assert late_tasks(in_time).is_empty()
    (hours,) = leg_hours(in_time).filter(pl.col("leg") == "known to task")["p95"]
    assert hours == pytest.approx(3.0)
    assert late_tasks(ledger(way, task=24.5)).height == 1


def test_no_play_of_the_model_is_left_out():
    assert {play for *_, play in WAYS} == set(BOOK.plays)


CHECKS = [
    # why, hours to the task, whether the check passes
    ("in time", 3.0, True),
    ("at the limit", 24.0, True),
    ("late: an error", 24.5, False),
    ("made of history: no delay of the system", 40.0, True),
]


@pytest.mark.parametrize(("why", "task", "passes"), CHECKS, ids=[case[0] for case in CHECKS])
def test_the_check_of_the_system(why, task, passes):
    result = system_check(ledger(world(), task))
    assert result.passed is passes
    assert result.severity.value == "ERROR"
    assert result.metadata["limit_hours"].value == 24.0


PEOPLE = [
    # why, hours from task to touch, whether the check passes
    ("touched in time", 5.0, True),
    ("touched late: a warning", 30.0, False),
    ("not touched yet", None, False),
]


@pytest.mark.parametrize(("why", "touch", "passes"), PEOPLE, ids=[case[0] for case in PEOPLE])
def test_the_check_of_people_is_a_warning_by_owner(why, touch, passes):
    now = KNOWN + timedelta(days=9)
    result = human_check(ledger(world(), 2.0, touch), now)
    assert result.passed is passes
    assert result.severity.value == "WARN"
    (row,) = result.metadata["by_owner"].records
    assert row.data["owner_email"] == "csm@us.example"
    assert row.data["late"] == (not passes)
    assert row.data["p50_hours"] == touch
    assert row.data["p95_hours"] == touch


def test_hours_of_people_by_owner():
    parts = [ledger(world(), 0.0, touch) for touch in (1.0, 2.0, 3.0, 4.0, 40.0)]
    owners = untouched(pl.concat(parts), pl.lit(datetime(2026, 4, 1, tzinfo=UTC)))
    row = owners.row(0, named=True)
    assert (row["tasks"], row["late"], row["p50_hours"]) == (5, 1, 3.0)
    assert row["p95_hours"] == pytest.approx(32.8)
