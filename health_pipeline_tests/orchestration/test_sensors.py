"""A tick tells each fresh change once; failed runs and drift take the same way."""

from __future__ import annotations

import json
from datetime import date, timedelta

import dagster as dg
import pytest

from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.on_call import drifted
from health_pipeline.orchestration.sensors import WILL_RETRY_TAG, driver_alerts, on_call
from health_pipeline.orchestration.window import yesterday
from health_pipeline_tests.faults.loopback import Step, loopback
from health_pipeline_tests.orchestration.news_world import (
    HOOK,
    house_with_webhook,
    publish_transitions,
)
from health_pipeline_tests.orchestration.small_world import instance_in, run_days


@pytest.fixture
def house(tmp_path):
    return house_with_webhook(tmp_path)


@pytest.fixture
def receiver(monkeypatch):
    with loopback() as running:
        monkeypatch.setenv(HOOK, running.url)
        yield running


def tick(house: House) -> str:
    """What a tick of the daemon says."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"house": house})
        told = driver_alerts.evaluate_tick(context)
    assert not told.run_requests
    return told.skip_message


def told_ids(receiver) -> list[str]:
    """The alerts that were told, by the changes that they are about."""
    bodies = [json.loads(request.body)["data"] for request in receiver.processed]
    return [alert["alert_id"] for body in bodies for alert in body["alerts"]]


def alerts_of(transitions: list[str]) -> list[str]:
    return sorted(stable_id("alert", one) for one in transitions)


def test_a_tick_before_any_run_says_so(house, receiver):
    assert tick(house) == "None: 0 queued, 0 delivered, 0 failed, 0 waiting, 0 given up"
    assert not receiver.requests


def test_every_fresh_change_is_told_once(house, receiver):
    day = yesterday()
    wanted = publish_transitions(house, day, 3)
    assert tick(house) == f"{day}: 3 queued, 3 delivered, 0 failed, 0 waiting, 0 given up"
    assert tick(house) == f"{day}: 0 queued, 0 delivered, 0 failed, 0 waiting, 0 given up"
    assert sorted(told_ids(receiver)) == alerts_of(wanted)
    assert len({request.message_id for request in receiver.requests}) == 3


def test_a_day_that_is_published_again_tells_only_what_is_new(house, receiver):
    day = yesterday()
    publish_transitions(house, day, 2)
    tick(house)
    wanted = publish_transitions(house, day, 5)
    assert tick(house).startswith(f"{day}: 3 queued, 3 delivered")
    assert sorted(told_ids(receiver)) == alerts_of(wanted)


def test_a_run_sends_what_it_has_found_and_leaves_nothing_to_the_tick(house, receiver, tmp_path):
    day = yesterday()
    wanted = publish_transitions(house, day, 3)
    with instance_in(tmp_path / "dagster") as instance:
        assert run_days(house, instance, day, assets=["alerts"]).success
    assert sorted(told_ids(receiver)) == alerts_of(wanted)
    assert tick(house) == f"{day}: 0 queued, 0 delivered, 0 failed, 0 waiting, 0 given up"


def test_history_is_not_told(house, receiver):
    day = yesterday() - timedelta(days=2)
    publish_transitions(house, day, 3)
    assert tick(house) == f"{day}: 0 queued, 0 delivered, 0 failed, 0 waiting, 0 given up"
    assert not receiver.requests


def test_a_receiver_that_is_down_leaves_the_message_waiting(house, monkeypatch):
    day = yesterday()
    publish_transitions(house, day, 1)
    with loopback(otherwise=Step(503)) as down:
        monkeypatch.setenv(HOOK, down.url)
        assert tick(house) == f"{day}: 1 queued, 0 delivered, 1 failed, 1 waiting, 0 given up"


def fail_run(house: House, instance, run_failure_tags=None):
    """A run that really fails, and the context that Dagster makes of it for the sensor."""
    result = run_days(
        house, instance, date(2025, 9, 1), assets=["signals", "health_scores", "contributions"]
    )
    assert not result.success
    run = instance.get_run_by_id(result.run_id)
    instance.add_run_tags(run.run_id, run_failure_tags or {})
    (failure,) = [event for event in result.all_events if event.is_run_failure]
    context = dg.build_run_status_sensor_context(
        sensor_name="on_call",
        dagster_event=failure,
        dagster_instance=instance,
        dagster_run=instance.get_run_by_id(run.run_id),
        resources={"house": house},
    )
    return run.run_id, context.for_run_failure()


def test_a_failed_run_reaches_whoever_is_on_call_once(house, receiver, tmp_path):
    with instance_in(tmp_path / "dagster") as instance:
        run_id, context = fail_run(house, instance)
        assert [on_call(context).skip_message for _ in range(2)] == [
            f"{run_id}: 1 queued",
            f"{run_id}: 0 queued",
        ]
    tick(house)
    (request,) = receiver.processed
    body = json.loads(request.body)
    assert body["type"] == "health.run_failed"
    assert body["data"]["severity"] == "critical"
    assert body["data"]["route"] == "on_call"
    said = f"{body['data']['title']}: {body['data']['text']}"
    assert said.startswith(f"daily_health failed, run {run_id}: scores: ")
    assert "no population on 2025-09-01" in said


def test_a_run_that_is_tried_again_is_no_news_yet(house, receiver, tmp_path):
    with instance_in(tmp_path / "dagster") as instance:
        run_id, context = fail_run(house, instance, {WILL_RETRY_TAG: "true"})
        assert on_call(context).skip_message == f"{run_id} is tried again"
    tick(house)
    assert not receiver.requests


DRIFTS = [
    ("nothing changed", 0, [], 0),
    ("the last month changed", 5, ["all: score"], 1),
    ("a month long past is history", 60, ["all: score"], 0),
]


@pytest.mark.parametrize(("why", "days_ago", "subjects", "queued"), DRIFTS)
def test_drift_of_the_last_month_is_told_once(house, receiver, why, days_ago, subjects, queued):
    ended = House.now().date() - timedelta(days=days_ago)
    with house.open() as stores:
        first = drifted(stores, ended, "v1", subjects)
        again = drifted(stores, ended, "v1", subjects)
    assert (first, again) == (queued, 0), why
    tick(house)
    bodies = [json.loads(request.body)["data"] for request in receiver.processed]
    said = [(one["title"], one["text"]) for one in bodies]
    assert said == [(f"Drift in {ended:%Y-%m}", "all: score")] * queued
