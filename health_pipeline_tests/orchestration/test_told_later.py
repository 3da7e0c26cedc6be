"""What could not be told on its day is told as soon as it can be, if it is so still."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.alerts.force import InForce
from health_pipeline_tests.orchestration.alert_world import AlertWorld, house_in
from health_pipeline_tests.orchestration.falling import (
    DAYS,
    FALL,
    SEEN,
    fallen,
    messages,
    pages,
    population,
    run,
)


@pytest.mark.parametrize("missed", [(FALL,), (FALL + 1,), tuple(range(FALL, DAYS - 1))])
def test_what_changed_while_nobody_looked_is_told_by_the_next_evaluation(tmp_path, missed):
    world, decided = run(tmp_path, missed=missed)
    assert len(decided) == DAYS - len(missed)
    with world.house.open() as stores:
        assert len(pages(stores, fallen(world))) >= SEEN


def test_of_what_came_and_went_while_nobody_looked_nothing_is_decided(tmp_path):
    """Of an account and driver that moved twice the last change is, if both do not cancel out."""
    world, _ = run(tmp_path, missed=tuple(range(1, DAYS - 1)))
    with world.house.open() as stores:
        rows = stores.lake.frame("driver_transitions", world.day(1), world.day(DAYS - 1))
        looked = {
            name
            for (name,) in stores.control.execute(
                "SELECT transition_id FROM alert_decisions WHERE day = ?",
                (world.day(DAYS - 1).isoformat(),),
            )
        }
    left = (
        rows.sort("date")
        .group_by("account_id", "signal")
        .agg(
            pl.col("from_state").drop_nulls().first(),
            pl.col("to_state", "transition_id").last(),
            pl.col("silent").all(),
        )
        .filter(pl.col("from_state").ne_missing(pl.col("to_state")) & ~pl.col("silent"))
    )
    assert rows.height > rows.n_unique(["account_id", "signal"]) > left.height > 0
    assert looked & set(rows["transition_id"]) == set(left["transition_id"])


def noticed(stores, world, n):
    """All who fall have given notice before, and take it back on the last day but one."""
    if not FALL - 1 <= n < DAYS - 2:
        return
    day = world.day(n)
    of_those = pl.col("account_id").is_in(sorted(fallen(world)))
    told = pl.when(of_those).then(pl.lit(world.day(FALL - 1)))
    people = stores.lake.frame("population", day, day).with_columns(cancellation_notice_on=told)
    stores.lake.publish([Write("population", day, people)], run_id="test", at=world.now(n))


def silenced(stores):
    """transition → day of the alerts that a notice holds back."""
    query = "SELECT body, day FROM alerts WHERE held_by = 'inhibited:cancellation_notice'"
    return {
        InForce.model_validate_json(body).row.transition_id: date.fromisoformat(day)
        for body, day in stores.control.execute(query)
    }


@pytest.mark.parametrize("times", [1, 2])
def test_what_a_notice_silenced_is_told_when_it_is_withdrawn_and_is_so_still(tmp_path, times):
    world = AlertWorld(house_in(tmp_path), population())
    told = []
    with world.house.open() as stores:
        for n in range(DAYS):
            world.publish(stores, n)
            noticed(stores, world, n)
            for _ in range(times):
                world.evaluate(stores, n)
            if n == DAYS - 2:
                waiting = silenced(stores)
            told.append(
                {
                    alert.account_id
                    for one in messages(stores)
                    for alert in one.alerts
                    if "held back until now" in alert.sentence
                }
                & fallen(world)
            )
        rows = stores.lake.frame("driver_transitions", world.day(FALL - 1), world.day(DAYS - 2))
    days = dict(rows.select("transition_id", "date").iter_rows())
    assert len(waiting) >= SEEN
    assert waiting == {name: days[name] for name in waiting}, "silenced on its day, not each day"
    assert [bool(some) for some in told] == [False] * (DAYS - 1) + [True]
    assert len(told[-1]) >= SEEN
