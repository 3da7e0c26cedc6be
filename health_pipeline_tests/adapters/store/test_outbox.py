import sqlite3
from datetime import timedelta

import polars as pl
import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.outbox import deliveries, is_evaluated
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.adapters.store.outbox_world import (
    BAD,
    DAY,
    ONE,
    START,
    TWO_KEYS,
    Clock,
    Receiver,
    alerts,
    put,
    send,
)


@pytest.fixture
def connection(tmp_path):
    opened = open_control(tmp_path / "control.db")
    yield opened
    opened.close()


ENQUEUE = [
    ("one message a channel", ONE, ("ops", "terminal"), 2),
    ("a channel named twice is one", ONE, ("ops", "ops"), 1),
    ("nobody listens", ONE, (), 0),
    ("nothing happened", ONE.clear(), ("ops",), 0),
    (
        "a suppressed alert is not sent",
        alerts({"transition_id": "t1", "status": "suppressed"}),
        ("ops",),
        0,
    ),
]


@pytest.mark.parametrize(
    ("why", "rows", "channels", "expected"), ENQUEUE, ids=[c[0] for c in ENQUEUE]
)
def test_enqueue_once(why, rows, channels, expected, connection):
    assert not is_evaluated(connection, DAY, "v1")
    assert put(connection, rows, channels) == expected
    assert put(connection, rows, channels) == 0
    assert is_evaluated(connection, DAY, "v1")
    assert not is_evaluated(connection, DAY, "v2")
    assert connection.execute("SELECT count(*) FROM evaluations").fetchall() == [(1,)]


def test_a_message_that_cannot_be_written_leaves_no_evaluation(connection):
    broken = ONE.with_columns(alert_id=pl.lit(None, dtype=pl.String))
    with pytest.raises(sqlite3.IntegrityError, match=r"outbox\.alert_id"):
        put(connection, pl.concat([TWO_KEYS, broken]))
    assert not is_evaluated(connection, DAY, "v1")
    assert connection.execute("SELECT count(*) FROM outbox").fetchall() == [(0,)]


def test_deliveries_keep_their_contract(connection):
    put(connection, ONE)
    clock = Clock()
    send(connection, clock, ops=Receiver(BAD))
    clock.forward(5)
    send(connection, clock, ops=Receiver())
    found = deliveries(connection).sort("attempt")
    assert found.schema == RESULT_TABLES["deliveries"].columns
    assert found.drop("delivery_id").rows() == [
        (
            "alert-t1",
            "ops",
            "acc1:a:e1:risk:t1:ops",
            1,
            START,
            False,
            500,
            START + timedelta(seconds=5),
            "answered 500",
        ),
        (
            "alert-t1",
            "ops",
            "acc1:a:e1:risk:t1:ops",
            2,
            START + timedelta(seconds=5),
            True,
            200,
            None,
            None,
        ),
    ]
    assert found["delivery_id"].n_unique() == 2
