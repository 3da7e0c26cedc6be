import threading
import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.channels.channel import Channel
from health_pipeline.adapters.store import deliver as sending
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.deliver import IN_FLIGHT, deliver
from health_pipeline.adapters.store.flow import PAUSE_CEILINGS
from health_pipeline.adapters.store.leases import (
    GIVE_UP_AGE,
    LEASE_MARGIN,
    RETRY_CEILINGS,
    take,
)
from health_pipeline.adapters.store.outbox import deliveries, utc_text
from health_pipeline_tests.adapters.store.outbox_world import (
    BAD,
    DOUBT,
    GONE,
    OK,
    ONE,
    START,
    TWO_KEYS,
    TWO_OF_ONE_KEY,
    Clock,
    Receiver,
    counts,
    put,
    send,
    told,
    too_many,
)


@pytest.fixture
def connection(tmp_path):
    opened = open_control(tmp_path / "control.db")
    yield opened
    opened.close()


def states(connection):
    return [state for (state,) in connection.execute("SELECT state FROM outbox ORDER BY rowid")]


def error(connection):
    return connection.execute("SELECT last_error FROM outbox").fetchall()[0][0]


def test_delivered_once_under_its_key(connection):
    put(connection, ONE)
    receiver, clock = Receiver(), Clock()
    assert counts(send(connection, clock, ops=receiver)) == (1, 0, 0, 0, 0)
    assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 0, 0)
    assert receiver.got == [("t1", "t1", START, False)]


def test_what_is_received_is_the_message(connection):
    put(connection, ONE)
    got = []
    send(connection, Clock(), ops=lambda message, *_: got.append(message) or OK)
    assert got == ONE


def test_one_key_is_told_in_order_and_another_does_not_wait(connection):
    put(connection, [*TWO_OF_ONE_KEY, told("t2", "acc2:a:e2")])
    receiver, clock = Receiver(BAD), Clock()
    assert counts(send(connection, clock, ops=receiver)) == (1, 1, 0, 2, 0)
    clock.forward(RETRY_CEILINGS[0])
    assert counts(send(connection, clock, ops=receiver)) == (2, 0, 0, 0, 0)
    assert receiver.order == ["t9", "t2", "t9", "t1"]


def test_a_later_message_never_overtakes_one_that_has_to_wait(connection):
    morning = START + timedelta(hours=2)
    put(connection, [told("trigger", not_before=morning), told("resolve")])
    receiver, clock = Receiver(), Clock()
    report = send(connection, clock, ops=receiver)
    assert (report.delivered, report.waiting, report.scheduled) == (0, 1, 1)
    clock.forward(7200)
    assert counts(send(connection, clock, ops=receiver)) == (2, 0, 0, 0, 0)
    assert receiver.order == ["trigger", "resolve"]


def test_one_channel_does_not_wait_for_another(connection):
    put(connection, [told("a"), told("b", channel="terminal")])
    report = send(connection, Clock(), ops=Receiver(otherwise=BAD), terminal=Receiver())
    assert counts(report) == (1, 1, 0, 1, 0)


def test_a_message_of_a_channel_that_is_gone_stays_and_is_counted(connection):
    put(connection, [told("a"), told("b", channel="terminal")])
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
    assert len({key for _, key, *_ in receiver.got}) == 1
    assert error(connection) == "answered 500"


def test_a_dead_message_does_not_hold_back_the_next_of_its_key(connection):
    put(connection, TWO_OF_ONE_KEY)
    assert counts(send(connection, Clock(), ops=Receiver(GONE))) == (1, 0, 1, 0, 0)


OLD = [
    ("a failure when it has been due for days", BAD, timedelta(seconds=1), "dead"),
    ("not a success", OK, timedelta(seconds=1), "delivered"),
    ("nor a failure just before", BAD, timedelta(seconds=-1), "pending"),
    ("too many for days", too_many(9), timedelta(seconds=1), "dead"),
]


@pytest.mark.parametrize(("why", "answer", "more", "state"), OLD, ids=[c[0] for c in OLD])
def test_an_old_message_that_fails_is_given_up(why, answer, more, state, connection):
    put(connection, ONE)
    clock = Clock()
    clock.now += GIVE_UP_AGE + more
    send(connection, clock, ops=Receiver(answer))
    assert states(connection) == [state]


def test_what_is_of_no_use_any_more_is_dead_and_the_next_of_its_key_goes_on(connection):
    soon = START + timedelta(minutes=5)
    put(connection, [told("digest", not_after=soon), told("next")])
    receiver, clock = Receiver(), Clock()
    clock.now = soon
    assert counts(send(connection, clock, ops=receiver)) == (1, 0, 1, 0, 0)
    assert receiver.order == ["next"]
    assert error(connection) == f"too late: it was of use until {utc_text(soon)}"


WAITS = [
    ("longer than the draw", 600.0, 600.0),
    ("shorter than the draw", 1.0, RETRY_CEILINGS[0]),
    ("not for ever", 1e9, 86_400.0),
]


@pytest.mark.parametrize(("why", "asked", "waited"), WAITS, ids=[c[0] for c in WAITS])
def test_retry_after_of_a_server_that_is_down(why, asked, waited, connection):
    put(connection, [*ONE, told("other", "k2")])
    busy = sending.SendResult(ok=False, status_code=503, retry_after=asked, error="answered 503")
    receiver, clock = Receiver(busy), Clock()
    send(connection, clock, ops=receiver)
    assert receiver.order == ["t1", "other"]
    clock.now = START + timedelta(seconds=waited - 0.001)
    assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 1, 0)
    clock.forward(0.001)
    assert counts(send(connection, clock, ops=receiver)) == (1, 0, 0, 0, 0)


TOO_MANY = [
    ("seconds", 600.0, 600.0),
    ("none given: a draw", None, PAUSE_CEILINGS[0]),
    ("none at all: one step of the pace", 0.0, 0.001),
    ("not for ever", 1e9, 86_400.0),
]


@pytest.mark.parametrize(("why", "asked", "waited"), TOO_MANY, ids=[c[0] for c in TOO_MANY])
def test_too_many_stops_the_whole_channel_and_is_no_failure(why, asked, waited, connection):
    put(connection, [told("a", "k1"), told("b", "k2"), told("c", "k3", channel="other")])
    receiver, other, clock = Receiver(too_many(asked)), Receiver(), Clock()
    report = send(connection, clock, ops=receiver, other=other, budget=0.0005)
    assert (report.delivered, report.failed, report.refused, report.waiting) == (1, 0, 1, 2)
    assert (receiver.order, other.order) == (["a"], ["c"])
    clock.now = START + timedelta(seconds=waited - 0.0006)
    assert counts(send(connection, clock, ops=receiver, budget=0.0005)) == (0, 0, 0, 2, 0)
    clock.now = START + timedelta(seconds=waited + 0.001)
    assert counts(send(connection, clock, ops=receiver)) == (2, 0, 0, 0, 0)
    assert connection.execute("SELECT max(failures) FROM outbox").fetchall() == [(0,)]


def test_refusals_of_attempts_that_were_under_way_together_are_one(connection):
    put(connection, [told(f"t{n}", f"k{n}") for n in range(9)], now())
    channels = {"ops": Channel("ops", Receiver(otherwise=too_many()), 5.0)}
    report = deliver(connection, channels, now, lambda _, high: high, 1.0, lambda _: None)
    assert 1 <= report.refused <= IN_FLIGHT
    noted = connection.execute("SELECT refusals, paused_until FROM channel_flow").fetchall()[0]
    assert noted[0] == 1
    assert noted[1] <= utc_text(now() + timedelta(seconds=PAUSE_CEILINGS[0]))


def test_a_receiver_that_says_so_again_and_again_is_asked_less_and_less(connection):
    put(connection, ONE)
    receiver, clock = Receiver(*[too_many()] * 6), Clock()
    for seconds in (*PAUSE_CEILINGS, PAUSE_CEILINGS[-1], PAUSE_CEILINGS[-1]):
        assert send(connection, clock, ops=receiver).refused == 1
        clock.forward(seconds - 0.01)
        assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 1, 0)
        clock.forward(0.01)
    assert counts(send(connection, clock, ops=receiver)) == (1, 0, 0, 0, 0)
    assert connection.execute("SELECT refusals FROM channel_flow").fetchall() == [(0,)]


def test_too_many_again_and_again_never_kills_a_message(connection):
    put(connection, ONE)
    receiver, clock = Receiver(*[too_many(1)] * 30), Clock()
    refused = 0
    for _ in range(30):
        refused += send(connection, clock, ops=receiver).refused
        clock.forward(1)
    assert refused == 30
    assert counts(send(connection, clock, ops=receiver)) == (1, 0, 0, 0, 0)


def test_the_pace_of_a_channel(connection):
    put(connection, [told(f"t{n}", f"k{n}") for n in range(20)])
    receiver, clock = Receiver(), Clock()
    assert send(connection, clock, ops=receiver, given={"per_second": 2.0}).delivered == 20
    at = [(now - START).total_seconds() for _, _, now, _ in receiver.got]
    assert at == pytest.approx([n / 2 for n in range(20)], abs=1e-4)


def test_the_pace_is_kept_across_senders(connection):
    put(connection, [told(f"t{n}", f"k{n}") for n in range(4)])
    clock, slow = Clock(), {"per_second": 1.0}
    for sender in range(4):
        report = send(connection, clock, ops=Receiver(), given=slow, budget=0.5)
        assert report.delivered == 1 - sender % 2
        clock.forward(0.5)


def test_a_broken_channel_holds_nobody_back_and_tells_no_secret(connection):
    put(connection, TWO_KEYS)
    report = send(connection, Clock(), ops=Receiver(KeyError("https://hooks.example/hush")))
    assert counts(report) == (1, 1, 0, 1, 0)
    failed = deliveries(connection).filter(~pl.col("ok"))["error"].to_list()
    assert failed[0].startswith("KeyError in channel (outbox_world.py:")
    assert "hush" not in failed[0]


def test_a_stored_message_that_cannot_be_read_is_dead(connection):
    put(connection, ONE)
    connection.execute("UPDATE outbox SET payload = '{}'")
    receiver = Receiver()
    assert counts(send(connection, Clock(), ops=receiver)) == (0, 0, 1, 0, 0)
    assert receiver.got == []
    assert error(connection).startswith("the stored message is not readable")


def taken_and_killed(connection, clock):
    """A sender that took the first message and was killed before it noted an answer."""
    lease = take(connection, [Channel("ops", Receiver(), 15.0)], clock(), "killed").lease
    assert lease is not None


def test_a_sender_that_stopped_is_followed_when_its_lease_is_over(connection):
    put(connection, TWO_OF_ONE_KEY)
    clock, receiver = Clock(), Receiver()
    taken_and_killed(connection, clock)
    clock.forward(15.0 + LEASE_MARGIN - 1)
    assert counts(send(connection, clock, ops=receiver)) == (0, 0, 0, 2, 0)
    clock.forward(1)
    report = send(connection, clock, ops=receiver)
    assert (counts(report), report.repeats) == ((2, 0, 0, 0, 0), 1)
    assert receiver.order == ["t9", "t1"]
    assert receiver.again == [True, False]
    attempts = deliveries(connection).filter(pl.col("key") == "t9").sort("attempt")
    assert attempts["ok"].to_list() == [False, True]
    assert attempts["possible_repeat"].to_list() == [False, True]
    assert attempts["error"][0].startswith("no answer was noted")


DOUBTS = [
    ("in doubt", [DOUBT], [False, True], 1),
    ("a plain failure", [BAD], [False, False], 0),
    ("in doubt stays so", [DOUBT, BAD], [False, True, True], 1),
    ("in doubt after a failure", [BAD, DOUBT], [False, False, True], 1),
]


@pytest.mark.parametrize(
    ("why", "script", "again", "repeats"), DOUBTS, ids=[case[0] for case in DOUBTS]
)
def test_what_may_have_arrived_is_sent_as_a_possible_repeat(
    why, script, again, repeats, connection
):
    put(connection, ONE)
    receiver, clock, told_of = Receiver(*script), Clock(), 0
    for _ in range(len(script) + 1):
        told_of += send(connection, clock, ops=receiver).repeats
        clock.forward(RETRY_CEILINGS[1])
    assert (receiver.again, told_of) == (again, repeats)


def test_a_receiver_that_drops_what_it_has_seen_gets_no_repeat(connection):
    put(connection, ONE)
    receiver, clock = Receiver(DOUBT), Clock()
    send(connection, clock, ops=receiver, given={"dedupes": True})
    clock.forward(RETRY_CEILINGS[0])
    report = send(connection, clock, ops=receiver, given={"dedupes": True})
    assert (report.delivered, report.repeats) == (1, 0)


def test_a_late_answer_does_not_undo_what_the_follower_did(connection, tmp_path):
    put(connection, ONE)
    clock = Clock()

    def slow(*_):
        clock.forward(60)
        other = open_control(tmp_path / "control.db")
        assert counts(send(other, clock, ops=Receiver())) == (1, 0, 0, 0, 0)
        other.close()
        return BAD

    send(connection, clock, ops=slow)
    assert states(connection) == ["delivered"]


def test_the_budget_bounds_a_call(connection):
    put(connection, [told(f"t{n}", f"k{n}") for n in range(9)])
    clock = Clock()

    def slow(*_):
        clock.forward(15)
        return OK

    assert counts(send(connection, clock, ops=slow)) == (3, 0, 0, 6, 0)


def test_two_senders_at_once_send_each_message_once(connection, tmp_path):
    many = [told(f"t{n:02}", f"k{n % 7}") for n in range(60)]
    put(connection, many)
    receiver = Receiver()

    def work():
        own = open_control(tmp_path / "control.db")
        channels = {"ops": Channel("ops", receiver, 15.0)}
        deliver(own, channels, lambda: datetime.now(UTC), lambda _, high: high)
        own.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    while (row := connection.execute("SELECT count(*) FROM outbox WHERE state = 'pending'")) and (
        row.fetchall() != [(0,)]
    ):
        work()
    assert sorted(receiver.order) == [one.key for one in many]
    for key in {one.dedup_key for one in many}:
        wanted = [one.key for one in many if one.dedup_key == key]
        assert [name for name in receiver.order if name in wanted] == wanted


def now():
    return datetime.now(UTC)


def test_a_slow_channel_holds_no_other_and_is_given_up_at_its_deadline(connection):
    put(connection, [told(f"s{n}", f"k{n}", channel="slow") for n in range(9)], now())
    put(connection, [told(f"q{n}", f"k{n}", channel="quick") for n in range(10)], now())
    sending_since = time.monotonic()
    quick, at = Receiver(), []

    def hang(*_):
        threading.Event().wait(3.0)
        return OK

    def fast(message, key, moment, again):
        at.append(time.monotonic() - sending_since)
        return quick(message, key, moment, again)

    channels = {"slow": Channel("slow", hang, 0.2), "quick": Channel("quick", fast, 5.0)}
    report = deliver(connection, channels, now, lambda _, high: high, budget_seconds=1.0)
    assert len(quick.got) == 10
    assert max(at) < 1.0, "the quick channel waited for the slow one"
    assert report.failed == 4  # so many are in flight; each is given up a second after its deadline
    given_up = deliveries(connection).filter(pl.col("target") == "slow")
    assert set(given_up["error"]) == {"no answer within 0.2 s"}
    doubts = connection.execute("SELECT sum(doubts) FROM outbox WHERE channel = 'slow'")
    assert doubts.fetchall() == [(4,)]
