import pytest

from health_pipeline.adapters.channels.channel import Channel
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.leases import take
from health_pipeline.adapters.store.replay import Replayed, replay
from health_pipeline_tests.adapters.store.outbox_world import (
    DOUBT,
    GONE,
    START,
    Clock,
    Receiver,
    counts,
    put,
    send,
    told,
)


@pytest.fixture
def connection(tmp_path):
    opened = open_control(tmp_path / "control.db")
    yield opened
    opened.close()


CHOICES = [
    ("all of them", {}, ["a", "b", "c"]),
    ("of one channel", {"channel": "ops"}, ["a", "b"]),
    ("one", {"key": "b"}, ["b"]),
    ("one, and another channel", {"key": "b", "channel": "pager"}, []),
    ("none that there is", {"key": "z"}, []),
]


@pytest.mark.parametrize(("why", "chosen", "back"), CHOICES, ids=[c[0] for c in CHOICES])
def test_what_comes_back(why, chosen, back, connection):
    put(connection, [told("a", "k1"), told("b", "k2"), told("c", "k3", channel="pager")])
    clock, gone = Clock(), Receiver(otherwise=GONE)
    send(connection, clock, ops=gone, pager=gone)
    assert replay(connection, clock(), **chosen) == Replayed(len(back), 0)
    again = Receiver()
    assert counts(send(connection, clock, ops=again, pager=again)) == (len(back), 0, 0, 0, 0)
    assert sorted(again.order) == back


def test_it_begins_anew_but_remembers_a_doubt(connection):
    put(connection, [told("a", not_after=START)])
    clock = Clock()
    assert send(connection, clock, ops=Receiver()).dead == 1
    assert replay(connection, clock()) == Replayed(1, 0)
    receiver = Receiver(DOUBT, GONE)
    send(connection, clock, ops=receiver)
    clock.forward(5)
    assert send(connection, clock, ops=receiver).dead == 1
    assert replay(connection, clock()) == Replayed(1, 0)
    assert send(connection, clock, ops=receiver).repeats == 1
    assert receiver.again == [False, True, True]


def test_a_dead_message_goes_before_the_next_of_its_key_that_waits(connection):
    put(connection, [told("trigger"), told("resolve", not_before=START.replace(hour=9))])
    clock = Clock()
    assert send(connection, clock, ops=Receiver(GONE)).dead == 1
    replay(connection, clock())
    clock.forward(4 * 3600)
    receiver = Receiver()
    send(connection, clock, ops=receiver)
    assert receiver.order == ["trigger", "resolve"]


def test_what_was_overtaken_stays_dead(connection):
    put(connection, [told("trigger"), told("resolve"), told("other", "k2")])
    clock = Clock()
    assert counts(send(connection, clock, ops=Receiver(GONE))) == (2, 0, 1, 0, 0)
    assert replay(connection, clock()) == Replayed(0, 1)


def test_what_is_being_overtaken_stays_dead_too(connection):
    put(connection, [told("trigger"), told("resolve")])
    clock = Clock()
    ops = Channel("ops", Receiver(GONE), 15.0)
    send(connection, clock, ops=ops.send, budget=0.0005)
    assert take(connection, [ops], START.replace(hour=7), "another") is not None
    assert replay(connection, clock()) == Replayed(0, 1)
