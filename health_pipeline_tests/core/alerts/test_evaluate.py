"""One evaluation after the other, of a few accounts: what is told, as one, in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import polars as pl
import pytest

from health_pipeline.core.alerts.entries import PEOPLE
from health_pipeline.core.alerts.evaluate import evaluate_day
from health_pipeline.core.alerts.force import Silenced
from health_pipeline.core.alerts.gates import COUNTED, Outage
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.alerts.routes import Match, Route
from health_pipeline.core.alerts.seen import Memory, News
from health_pipeline.core.alerts.tell import Beside
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline_tests.core.schemas.worlds import DAY, table

RULES = AlertRules(notify=("risk", "watch", "healthy"), report_url="https://x.example/{account_id}")
CONSOLE = frozenset({"console"})
WHO = {"acme": "ann@x", "bolt": "ann@x", "cask": "joe@x"}


def change(account, signal="seats", to="risk", was="watch", day=DAY, **more):
    """One transition."""
    key = f"{account}-{signal}-{to}-{day}"
    row = {"transition_id": key, "account_id": account, "signal": signal, "date": day}
    row |= {"from_state": was, "to_state": to, "at": datetime.combine(day, time(23), tzinfo=UTC)}
    episode = stable_id("driver", account, signal, day) if to in ("risk", "red") else None
    return row | {"silent": False, "episode_id": episode, "model_version": "v1"} | more


def news(*rows, day=DAY, states=(), **more):
    columns = {"account_id": list(WHO), "name": [one.title() for one in WHO]}
    columns |= {"owner_email": list(WHO.values()), "arr": [9000.0, 500.0, 500.0]}
    columns |= {"exec_email": ["vp@x"] * 3, "segment": ["large", "small", "small"]}
    people = pl.DataFrame(columns).with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in PEOPLE.items() if name not in columns
    )
    schema = {"account_id": pl.String, "signal": pl.String, "state": pl.String}
    found = News(
        day=day,
        now=datetime.combine(day + timedelta(days=1), time(6), tzinfo=UTC),
        changes=table("driver_transitions", list(rows)),
        people=people.select(list(PEOPLE)),
        reasons=table("reason_codes", []),
        plays=table("plays", []),
        beside=Beside(),
        reads={"seats": ("usage",), "depth": ("usage",), "tickets": ("tickets",)},
        outages=(),
        fresh={},
        history=pl.DataFrame(schema=COUNTED),
        history_days=28,
        states=pl.DataFrame(list(states), schema=schema, orient="row"),
    )
    return replace(found, **more)


def evaluate(found, memory=None, rules=RULES, ready=CONSOLE):
    return evaluate_day(found, memory or Memory(), rules, ready)


def remembered(outcome, *before):
    """The memory after it, alerts of `before` included."""
    alerts = {one.row.alert_id: one for part in (*before, outcome) for one in part.alerts}
    incidents = {one.incident_id: one for part in (*before, outcome) for one in part.incidents}
    return Memory(tuple(alerts.values()), tuple(incidents.values()))


def test_one_message_an_account_with_all_of_its_drivers():
    found = evaluate(news(change("acme"), change("acme", "tickets"), change("bolt")))
    told = {one.title: len(one.alerts) for one in found.messages}
    assert told == {"Acme: 2 drivers changed": 2, "Bolt: seats watch → risk": 1}
    (acme, _) = sorted(found.messages, key=lambda one: one.title)
    assert (acme.kind, acme.action, acme.severity) == ("account", "trigger", "warning")
    assert (acme.recipient, acme.to, acme.route) == ("owner:ann@x", ("ann@x",), "owner")
    assert [one.href for one in acme.links] == ["https://x.example/acme"]
    assert all(not alert.sentence.startswith("Acme") for alert in acme.alerts)


NOTICE = change("acme", "cancellation_notice", was="healthy")
FALL = change("acme", "tier", to="red", was="yellow")
RISE = change("acme", "tier", to="yellow", was="red")
WATCH = change("acme", to="watch", was="risk")
TITLES = [
    # why, changes, title
    ("a fall to Red", [FALL], "Acme fell to Red"),
    ("its end is no notice", [RISE], "Acme rose to Yellow"),
    (
        "a notice beside a fall is no driver",
        [NOTICE, FALL],
        "Acme gave notice and fell to Red",
    ),
    ("a driver beside a fall", [change("acme"), FALL], "Acme: 1 driver changed and fell to Red"),
    ("a driver beside a rise", [WATCH, RISE], "Acme: 1 driver changed and rose to Yellow"),
    (
        "several accounts",
        [FALL, NOTICE, change("bolt", "tier", to="red", was="green"), change("bolt")],
        "2 accounts: 1 driver changed, 1 gave notice and 2 fell to Red",
    ),
    ("a fall of days ago", [FALL | {"from_state": None}], "Acme is still Red"),
    ("what was before is not known", [change("acme", was=None)], "Acme: seats still risk"),
]


@pytest.mark.parametrize(("why", "rows", "title"), TITLES, ids=[case[0] for case in TITLES])
def test_the_title_says_what_happened(why, rows, title):
    rules = RULES.model_copy(
        update={"routes": (Route(name="all", group_by=("owner",)),), "inhibit": ()}
    )
    found = evaluate(news(*rows), risk_of_yesterday(), rules)
    assert [one.title for one in found.messages] == [title]


def risk_of_yesterday():
    """What is remembered of a driver and a tier of Acme that were told the day before."""
    before = DAY - timedelta(days=1)
    rows = [change("acme", day=before), change("acme", "tier", to="red", was="green", day=before)]
    return remembered(evaluate(news(*rows, day=before)))


DIGESTS = [
    # why, changes, title
    ("one change", [WATCH | {"from_state": "healthy"}], "1 change at 1 account, 0 for the better"),
    ("less than a risk is better", [WATCH], "1 change at 1 account, 1 for the better"),
]


@pytest.mark.parametrize(("why", "rows", "title"), DIGESTS, ids=[case[0] for case in DIGESTS])
def test_a_digest_counts(why, rows, title):
    found = evaluate(news(*rows), risk_of_yesterday())
    assert [one.title for one in found.messages if one.kind == "digest"] == [title]


def test_what_need_not_interrupt_is_one_digest_an_owner():
    rows = [change("acme", to="watch", was="healthy"), change("bolt", to="watch", was="healthy")]
    (digest,) = evaluate(news(*rows)).messages
    assert (digest.kind, digest.action, digest.recipient) == ("digest", "info", "owner:ann@x")
    assert digest.not_before == datetime.combine(DAY + timedelta(days=1), time(8), tzinfo=UTC)
    assert len(digest.alerts) == 2


def test_a_large_account_goes_to_the_executive_and_its_owner():
    (message,) = evaluate(news(change("acme"), executive_from_arr=5000.0)).messages
    assert (message.recipient, message.to) == ("executive:vp@x", ("vp@x", "ann@x"))
    assert message.severity == "critical"


def test_the_same_day_again_decides_nothing_new():
    first = evaluate(news(change("acme"), change("bolt", to="watch", was="healthy")))
    again = evaluate(
        news(change("acme"), change("bolt", to="watch", was="healthy")), remembered(first)
    )
    assert first.messages
    assert again.messages == ()
    assert again.alerts == ()
    assert (
        again.decided["decision"].to_list() == first.decided["decision"].to_list() == ["told"] * 2
    )


def test_without_a_ready_channel_nothing_is_noted_as_told():
    found = evaluate(news(change("acme")), ready=frozenset())
    assert found.decided["decision"].to_list() == ["no_channel"]
    assert found.messages == ()
    later = evaluate(news(change("acme")), remembered(found))
    assert len(later.messages) == 1


NEXT = DAY + timedelta(days=1)


def test_an_account_has_one_thread_until_all_of_it_is_over():
    rules = RULES.model_copy(update={"routes": (Route(name="all", send_resolved=True),)})
    first = evaluate(news(change("acme")), rules=rules)
    second = evaluate(
        news(change("acme", "tickets", day=NEXT), day=NEXT, states=[("acme", "seats", "risk")]),
        remembered(first),
        rules,
    )
    (opened,), (joined,) = first.messages, second.messages
    assert joined.dedup_key == opened.dedup_key
    third_day = NEXT + timedelta(days=1)
    states = [("acme", "seats", "healthy"), ("acme", "tickets", "risk")]
    third = evaluate(news(day=third_day, states=states), remembered(second, first), rules)
    assert third.messages == (), "one driver is still at risk"
    assert [one.status for one in third.alerts] == ["resolved"]
    last = third_day + timedelta(days=1)
    end = evaluate(
        news(day=last, states=[("acme", "tickets", "watch")]),
        remembered(third, first, second),
        rules,
    )
    (over,) = end.messages
    assert (over.action, over.dedup_key) == ("resolve", opened.dedup_key)


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        (["acme", "bolt"], "all of it is over"),
        (["bolt"], "no account of its own any more (ended or merged)"),
    ],
    ids=["it got well", "it left"],
)
def test_what_left_did_not_get_well(accounts, words):
    rules = RULES.model_copy(update={"routes": (Route(name="all", send_resolved=True),)})
    first = evaluate(news(change("acme")), rules=rules)
    today = news(day=NEXT)
    people = today.people.filter(pl.col("account_id").is_in(accounts))
    (over,) = evaluate(replace(today, people=people), remembered(first), rules).messages
    assert (over.action, over.title) == ("resolve", f"Acme: {words}")


def test_what_is_unknown_is_not_over():
    first = evaluate(news(change("acme")))
    states = [("acme", "seats", "unknown")]
    assert evaluate(news(day=NEXT, states=states), remembered(first)).alerts == ()


def test_the_end_of_what_nobody_was_told_is_told_to_nobody():
    rows = [change("acme", to="healthy", was="risk", day=NEXT)]
    found = evaluate(news(*rows, day=NEXT))
    assert found.decided["decision"].to_list() == ["never_told"]
    told = remembered(evaluate(news(change("acme"))))
    found = evaluate(news(*rows, day=NEXT, states=[("acme", "seats", "healthy")]), told)
    assert [one.kind for one in found.messages] == ["digest"]


def test_a_notice_inhibits_the_drivers_of_its_account():
    rows = [change("acme", "cancellation_notice", was="healthy"), change("acme"), change("bolt")]
    found = evaluate(news(*rows))
    said = dict(found.decided.select("transition_id", "decision").iter_rows())
    assert said[f"acme-seats-risk-{DAY}"] == "inhibited:cancellation_notice"
    assert said[f"bolt-seats-risk-{DAY}"] == "told"
    assert {one.title for one in found.messages} == {
        "Acme gave notice",
        "Bolt: seats watch → risk",
    }
    later = evaluate(
        news(
            change("acme", "depth", day=NEXT),
            day=NEXT,
            states=[("acme", "cancellation_notice", "risk")],
        ),
        remembered(found),
    )
    assert later.messages == (), "and while it lasts"


def test_what_a_notice_held_back_is_told_once_it_is_over():
    first = evaluate(news(NOTICE, change("acme")))
    held = tuple(one for one in first.alerts if one.status == "suppressed")
    told = tuple(one for one in first.alerts if one.status != "suppressed")
    states = [("acme", "seats", "risk"), ("acme", "cancellation_notice", "risk")]
    today = news(day=NEXT, states=states)
    lasting = evaluate(today, Memory(alerts=told, held=held))
    assert (lasting.alerts, lasting.messages) == ((), ())
    end = evaluate(news(day=NEXT, states=states[:1]), Memory(alerts=told, held=held))
    assert [one.row.signal for one in end.alerts] == ["cancellation_notice"]
    again = evaluate(news(day=NEXT, states=states[:1]), Memory(alerts=end.alerts, held=held))
    assert again.alerts == (), "on the day of its end it holds back still"
    (late,) = evaluate(today, Memory(held=held)).messages
    assert [one.signal for one in late.alerts] == ["seats"]


SILENCES = [
    # why, account, first and last day from the day of the clock, decision
    ("on its only day", "acme", 0, 0, "silence:s1"),
    ("its last day was yesterday", "acme", -9, -1, "told"),
    ("it begins tomorrow", "acme", 1, 9, "told"),
    ("of another account", "bolt", 0, 0, "told"),
]


@pytest.mark.parametrize(
    ("why", "account", "since", "until", "decision"), SILENCES, ids=[case[0] for case in SILENCES]
)
def test_a_silence_holds_back_what_it_names_on_its_days(why, account, since, until, decision):
    today = news(change("acme"))
    since, until = (today.now.date() + timedelta(days=days) for days in (since, until))
    match = Match(account=(account,))
    silence = Silenced(silence_id="s1", match=match, since=since, until=until)
    found = evaluate(today, Memory(silences=(silence,)))
    assert found.decided["decision"].to_list() == [decision]
    assert len(found.messages) == (decision == "told")


def test_what_an_outage_held_back_is_told_when_its_echo_is_over_and_it_is_so_still():
    out = Outage("product", "usage", frozenset({"acme", "bolt"}), DAY, "silent")
    first = evaluate(news(change("acme"), change("bolt"), outages=(out,)))
    assert [one.kind for one in first.messages] == ["data_incident"]
    held = tuple(one for one in first.alerts if one.status == "suppressed")
    assert {one.row.suppressed_by for one in held} == {"outage:product"}
    late = DAY + timedelta(days=RULES.gates.echo_days + 1)
    states = [("acme", "seats", "risk"), ("bolt", "seats", "healthy")]
    found = evaluate(news(day=late, states=states), Memory(held=held))
    (message,) = found.messages
    assert [one.account for one in message.alerts] == ["Acme"]
    assert {one.row.account_id: one.status for one in found.alerts} == {
        "acme": "open",
        "bolt": "resolved",
    }


def test_the_end_of_what_was_held_back_is_told_to_nobody_however_often_it_is_asked():
    out = Outage("product", "usage", frozenset({"bolt"}), DAY, "silent")
    held = evaluate(news(change("bolt"), outages=(out,))).alerts
    late = DAY + timedelta(days=RULES.gates.echo_days + 1)
    end = change("bolt", to="healthy", was="risk", day=late)
    today = news(end, day=late, states=[("bolt", "seats", "healthy")])
    first = evaluate(today, Memory(held=held))
    assert [one.status for one in first.alerts] == ["resolved"]
    for found in (first, evaluate(today, remembered(first))):
        assert found.decided["decision"].to_list() == ["never_told"]
        assert found.messages == ()


@pytest.mark.parametrize(("hours", "repeats"), [(7, 0), (8, 1), (15, 0), (16, 1)])
def test_repeats_are_due_by_the_clock_and_only_once(hours, repeats):
    rules = RULES.model_copy(update={"routes": (Route(name="all", repeat_hours=8),)})
    first = evaluate(news(change("acme")), rules=rules)
    told = remembered(first)
    if hours > 8:
        at_eight = evaluate(_later(8), told, rules)
        assert len(at_eight.messages) == 1
        told = remembered(at_eight, first)
        first = replace(first, messages=first.messages + at_eight.messages)
    found = evaluate(_later(hours), told, rules)
    assert len(found.messages) == repeats
    assert {one.key for one in found.messages}.isdisjoint(one.key for one in first.messages)


def _later(hours):
    one = news(change("acme"), states=[("acme", "seats", "risk")])
    return replace(one, now=one.now + timedelta(hours=hours))
