"""A muted account gets no alert; what concerns the operation itself is told all the same."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time

import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.alerting import evaluate, send_due
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.on_call import drifted, run_failed
from health_pipeline.orchestration.window import yesterday
from health_pipeline_tests.faults.loopback import loopback
from health_pipeline_tests.orchestration.news_world import (
    HOOK,
    house_with_webhook,
    publish_transitions,
)


def publish_overrides(house: House, day: date, said: dict[str, str | None]) -> None:
    """Publish account → tier that people gave it, None = muted."""
    rows = [
        {"account_id": account, "date": day, "tier_override": tier, "muted": tier is None}
        | {"why": "x", "author": "dana", "until": day}
        for account, tier in said.items()
    ]
    frame = RESULT_TABLES["overrides"].conform(
        pl.DataFrame(rows, schema=RESULT_TABLES["overrides"].columns)
    )
    with house.open() as stores:
        stores.lake.publish([Write("overrides", day, frame)], run_id="test", at=house.now())


def publish_outcome(house: House, day: date, said: dict[str, object]) -> None:
    """Land one outcome of `acc_0` that happened on `day`, at an ARR of 100 before."""
    record = {"source": "crm", "source_account_id": "a"}
    known = datetime.combine(day, time(), tzinfo=UTC)
    row = {**record, "outcome_id": "o", "occurred_on": day, "known_at": known, "arr_before": 100}
    landed = {**SOURCE_TABLES["outcomes"].schema, "known_assumed": pl.Boolean}
    xref = RESULT_TABLES["account_xref"].columns
    tables = {
        "landing/outcomes": pl.DataFrame([row | {"known_assumed": False} | said], schema=landed),
        "account_xref": pl.DataFrame([record | {"account_id": "acc_0"}], schema=xref),
    }
    with house.open() as stores:
        writes = [Write(name, None, frame) for name, frame in tables.items()]
        stores.lake.publish(writes, run_id="test", at=house.now())


@pytest.fixture
def receiver(monkeypatch):
    with loopback() as running:
        monkeypatch.setenv(HOOK, running.url)
        yield running


CASES = [
    ("nobody says anything", {}, 3, {"told": 3}),
    ("one is muted", {"acc_1": None}, 2, {"muted": 1, "told": 2}),
    ("another tier mutes nobody", {"acc_1": "green"}, 3, {"told": 3}),
    ("an account without news is muted", {"acc_12": None}, 3, {"told": 3}),
    ("all are", {f"acc_{n}": None for n in range(3)}, 0, {"muted": 3}),
]


@pytest.mark.parametrize(("why", "said", "sent", "decided"), CASES, ids=[c[0] for c in CASES])
def test_what_is_sent(why, said, sent, decided, tmp_path, receiver):
    house, day = house_with_webhook(tmp_path), yesterday()
    publish_overrides(house, day, said)
    publish_transitions(house, day, 3)
    with house.open() as stores:
        found = evaluate(stores)
        send_due(stores)
    assert dict(found.decided.iter_rows()) == decided
    assert found.queued == sent
    bodies = [json.loads(one.body)["data"] for one in receiver.processed]
    told = {alert["account_id"] for body in bodies for alert in body["alerts"]}
    assert len(told) == sent
    assert told.isdisjoint(account for account, tier in said.items() if tier is None)
    assert found.alerts.height == 3, "what is muted is kept"
    held = found.alerts.filter(status="suppressed")
    assert set(held["suppressed_by"]) <= {"muted"}
    assert held.height == 3 - sent


SUCCESSES = [
    ("an expansion mutes", {"kind": "expansion"}, "counterweight:expansion"),
    ("ARR says that it is one", {"kind": "renewal", "arr_after": 120}, "counterweight:expansion"),
    ("ARR says that it is none", {"kind": "expansion", "arr_after": 80}, None),
    ("the same ARR is a renewal", {"kind": "expansion", "arr_after": 100}, None),
    ("a renewal mutes nobody", {"kind": "renewal"}, None),
]


@pytest.mark.parametrize(("why", "said", "by"), SUCCESSES, ids=[c[0] for c in SUCCESSES])
def test_a_success_mutes_by_what_became_of_arr(why, said, by, tmp_path, receiver):
    house, day = house_with_webhook(tmp_path), yesterday()
    publish_transitions(house, day, 1)
    publish_outcome(house, day, said)
    with house.open() as stores:
        (alert,) = evaluate(stores).alerts.iter_rows(named=True)
    assert alert["suppressed_by"] == by, why


def test_who_is_on_call_is_never_muted(tmp_path, receiver):
    house, day = house_with_webhook(tmp_path), yesterday()
    publish_overrides(house, day, {f"acc_{n}": None for n in range(13)})
    publish_transitions(house, day, 3)
    with house.open() as stores:
        evaluate(stores)
        assert run_failed(stores, "run-1", "daily_health", "no disk") == 1
        assert drifted(stores, day, "v1", ["all: score"]) == 1
        send_due(stores)
    kinds = {json.loads(one.body)["type"] for one in receiver.processed}
    assert kinds == {"health.run_failed", "health.drift"}
