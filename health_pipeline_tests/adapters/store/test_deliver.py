import re
import threading
from pathlib import Path

import polars as pl
import pytest

from health_pipeline.adapters.channels.channel import SendResult
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.deliver import LEASE_MARGIN, RETRY_CEILINGS
from health_pipeline.adapters.store.outbox import deliveries
from health_pipeline_tests.adapters.store.outbox_world import (
    BAD,
    OK,
    ONE,
    START,
    TWO_KEYS,
    TWO_OF_ONE_KEY,
    Clock,
    Receiver,
    alerts,
    counts,
    put,
    send,
)


@pytest.fixture
def connection(tmp_path):
    opened = open_control(tmp_path / "control.db")
    yield opened
    opened.close()


def test_delivered_once_under_its_key(connection):
    put(connection, ONE)
    receiver, clock = Receiver(), Clock()
    assert counts(send(connection, clock, ops=receiver)) == (1, 0, 0, 0, 0)
    assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 0, 0)
    assert receiver.got == [("t1", "acc1:a:e1:risk:t1:ops", START)]


def test_what_is_received_is_the_alert(connection):
    put(connection, ONE)
    got = []
    send(connection, Clock(), ops=lambda message, *_: got.append(message) or OK)
    assert got == [ONE.row(0, named=True) | {"opened_at": START.isoformat()}]


def test_one_key_is_told_in_order_and_another_does_not_wait(connection):
    put(connection, TWO_OF_ONE_KEY)
    put(connection, TWO_KEYS[1:])
    receiver, clock = Receiver(BAD), Clock()
    assert counts(send(connection, clock, ops=receiver)) == (1, 1, 0, 2, 0)
    clock.forward(RETRY_CEILINGS[0])
    assert counts(send(connection, clock, ops=receiver)) == (2, 0, 0, 0, 0)
    assert receiver.order == ["t9", "t2", "t9", "t1"]


def test_one_channel_does_not_wait_for_another(connection):
    put(connection, ONE, ("ops", "terminal"))
    report = send(connection, Clock(), ops=Receiver(otherwise=BAD), terminal=Receiver())
    assert counts(report) == (1, 1, 0, 1, 0)


def test_a_message_of_a_channel_that_is_gone_stays_and_is_counted(connection):
    put(connection, ONE, ("ops", "terminal"))
    assert counts(send(connection, Clock(), terminal=Receiver())) == (1, 0, 0, 0, 1)


def test_retries_by_their_ceilings_and_then_dead(connection):
    put(connection, ONE)
    receiver, clock = Receiver(otherwise=BAD), Clock()
    for wait in RETRY_CEILINGS:
        assert counts(send(connection, clock, ops=receiver)) == (0, 1, 0, 1, 0)
        clock.forward(wait - 1)
        assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 1, 0)
        clock.forward(1)
    assert counts(send(connection, clock, ops=receiver)) == (0, 0, 1, 0, 0)
    clock.forward(1e6)
    assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 0, 0)
    assert len(receiver.got) == len(RETRY_CEILINGS) + 1
    assert len({key for _, key, _ in receiver.got}) == 1
    assert connection.execute("SELECT last_error FROM outbox").fetchall() == [("answered 500",)]


def test_a_dead_message_does_not_hold_back_the_next_of_its_key(connection):
    put(connection, TWO_OF_ONE_KEY)
    gone = SendResult(ok=False, status_code=410, error="gone", final=True)
    assert counts(send(connection, Clock(), ops=Receiver(gone))) == (1, 0, 1, 0, 0)


WAITS = [
    ("longer than the draw", 600.0, 600.0),
    ("shorter than the draw", 1.0, RETRY_CEILINGS[0]),
    ("not for ever", 1e9, 86_400.0),
]


@pytest.mark.parametrize(("why", "asked", "waited"), WAITS, ids=[c[0] for c in WAITS])
def test_retry_after(why, asked, waited, connection):
    put(connection, ONE)
    receiver = Receiver(SendResult(ok=False, status_code=429, retry_after=asked, error="429"))
    clock = Clock()
    send(connection, clock, ops=receiver)
    clock.forward(waited - 0.001)
    assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 1, 0)
    clock.forward(0.001)
    assert counts(send(connection, clock, ops=receiver)) == (1, 0, 0, 0, 0)


def test_a_broken_message_holds_nobody_back_and_is_written_down(connection):
    put(connection, TWO_KEYS)
    report = send(connection, Clock(), ops=Receiver(KeyError("severity")))
    assert counts(report) == (1, 1, 0, 1, 0)
    failed = deliveries(connection).filter(~pl.col("ok"))
    assert failed["error"].to_list() == ["KeyError in channel: 'severity'"]


def test_a_sender_that_stopped_is_followed_when_its_lease_is_over(connection):
    put(connection, TWO_OF_ONE_KEY)
    clock = Clock()
    with pytest.raises(SystemExit):
        send(connection, clock, ops=Receiver(SystemExit()))
    receiver = Receiver()
    clock.forward(15.0 + LEASE_MARGIN - 1)
    assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 2, 0)
    clock.forward(1)
    assert counts(send(connection, clock, ops=receiver)) == (2, 0, 0, 0, 0)
    assert receiver.order == ["t9", "t1"]
    attempts = deliveries(connection).filter(pl.col("alert_id") == "alert-t9").sort("attempt")
    assert attempts["ok"].to_list() == [False, True]
    assert attempts["error"][0].startswith("no answer was noted")


def test_a_late_answer_does_not_undo_what_the_follower_did(connection):
    put(connection, ONE)
    clock = Clock()

    def slow(*_):
        clock.forward(60)
        assert counts(send(connection, clock, ops=Receiver())) == (1, 0, 0, 0, 0)
        return BAD

    send(connection, clock, ops=slow)
    assert connection.execute("SELECT state FROM outbox").fetchall() == [("delivered",)]


def test_the_budget_bounds_a_call(connection):
    put(connection, alerts(*({"transition_id": f"t{n}", "dedup_key": f"k{n}"} for n in range(9))))
    clock = Clock()

    def slow(*_):
        clock.forward(15)
        return OK

    assert counts(send(connection, clock, ops=slow)) == (3, 0, 0, 6, 0)


def test_two_senders_at_once_send_each_message_once(connection, tmp_path):
    many = alerts(*({"transition_id": f"t{n:02}", "dedup_key": f"k{n % 7}"} for n in range(60)))
    put(connection, many)
    receiver = Receiver()

    def work():
        own = open_control(tmp_path / "control.db")
        send(own, lambda: START, ops=receiver)
        own.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(receiver.order) == sorted(many["transition_id"])
    sent = pl.DataFrame({"transition_id": receiver.order}).join(many, on="transition_id")
    for _, of_one_key in sent.group_by("dedup_key"):
        assert of_one_key["transition_id"].is_sorted()


DOCS = Path(__file__).parents[3] / "docs" / "delivery.md"


def test_a_dead_message_is_sent_again_as_the_docs_say(connection):
    put(connection, ONE)
    gone = SendResult(ok=False, status_code=410, error="gone", final=True)
    send(connection, Clock(), ops=Receiver(gone))
    questions = re.findall(r"`(SELECT [^`]*)`", DOCS.read_text(encoding="utf-8"))
    assert [connection.execute(query).fetchall()[0][1] for query in questions] == ["dead"]
    (revive,) = re.findall(r"`(UPDATE [^`]*)`", DOCS.read_text(encoding="utf-8"))
    connection.execute(revive)
    assert counts(send(connection, Clock(), ops=Receiver())) == (1, 0, 0, 0, 0)
