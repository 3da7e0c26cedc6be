import sqlite3
from datetime import timedelta

import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.outbox import deliveries, undelivered, waiting
from health_pipeline.core.schemas.messages import Message
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.adapters.store.outbox_world import (
    BAD,
    GONE,
    ONE,
    START,
    TWO_KEYS,
    Clock,
    Receiver,
    put,
    send,
    told,
)
from health_pipeline_tests.told import alert


@pytest.fixture
def connection(tmp_path):
    opened = open_control(tmp_path / "control.db")
    yield opened
    opened.close()


PUT = [
    ("one message", ONE, 1),
    ("a key is a message", [*ONE, *ONE], 1),
    ("two keys", TWO_KEYS, 2),
    ("nothing happened", [], 0),
]


@pytest.mark.parametrize(("why", "messages", "expected"), PUT, ids=[c[0] for c in PUT])
def test_put_once(why, messages, expected, connection):
    assert put(connection, messages) == expected
    assert put(connection, messages) == 0
    assert waiting(connection) == expected


def test_what_is_stored_is_the_message(connection):
    put(connection, ONE)
    stored = connection.execute("SELECT payload FROM outbox").fetchall()[0][0]
    assert Message.model_validate_json(stored) == ONE[0]


BROKEN = [
    ("a key that is too long", told("k" * 201)),
    ("no key", told("")),
    ("a dedup key that is too long", told("t3", "d" * 256)),
]


@pytest.mark.parametrize(("why", "broken"), BROKEN, ids=[c[0] for c in BROKEN])
def test_a_message_that_breaks_the_contract_takes_those_beside_it_back(why, broken, connection):
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed"):
        put(connection, [*TWO_KEYS, broken])
    assert connection.execute("SELECT count(*) FROM outbox").fetchall() == [(0,)]


def test_deliveries_keep_their_contract(connection):
    put(connection, ONE)
    clock = Clock()
    send(connection, clock, ops=Receiver(BAD))
    clock.forward(5)
    send(connection, clock, ops=Receiver())
    found = deliveries(connection).sort("attempt")
    assert found.schema == RESULT_TABLES["deliveries"].columns
    after = START + timedelta(seconds=5)
    common = ("alert-t1", "ops", "t1")
    assert found.drop("delivery_id").rows() == [
        (*common, 1, START, False, 500, after, "answered 500", False),
        (*common, 2, after, True, 200, None, None, False),
    ]
    assert found["delivery_id"].n_unique() == 2


def test_a_group_is_delivered_for_each_of_its_alerts(connection):
    group = told("group").model_copy(
        update={"alerts": tuple(alert(alert_id=f"a{n}") for n in range(3))}
    )
    put(connection, [group])
    clock = Clock()
    send(connection, clock, ops=Receiver(BAD))
    clock.forward(5)
    send(connection, clock, ops=Receiver())
    found = deliveries(connection).sort("attempt", "alert_id")
    assert found.select("alert_id", "attempt", "ok").rows() == [
        (f"a{n}", attempt, attempt == 2) for attempt in (1, 2) for n in range(3)
    ]
    assert found["delivery_id"].n_unique() == 6


def test_a_message_about_no_alert_has_its_attempts_too(connection):
    put(connection, [told("news").model_copy(update={"alerts": ()})])
    send(connection, Clock(), ops=Receiver())
    assert deliveries(connection)["alert_id"].to_list() == [None]


def test_what_is_stuck_is_told_by_channel(connection):
    later = START + timedelta(hours=8)
    put(
        connection,
        [
            told("t1"),
            told("t2", "k2"),
            told("t3", "k3", channel="pager"),
            told("t4", "k4", not_before=later),
            told("t5", "k5", channel="fine"),
        ],
    )
    send(connection, Clock(), ops=Receiver(GONE, BAD), fine=Receiver())
    found = {one.channel: one for one in undelivered(connection, START + timedelta(hours=1))}
    assert set(found) == {"ops", "pager"}
    assert (found["ops"].overdue, found["ops"].dead) == (1, 1)
    assert (found["ops"].oldest_due_at, found["ops"].last_error) == (START, "answered 500")
    assert (found["pager"].overdue, found["pager"].dead, found["pager"].last_error) == (1, 0, None)
    assert undelivered(connection, START - timedelta(days=1))[0].dead == 1
