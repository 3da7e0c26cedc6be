from datetime import UTC, date, datetime

import polars as pl
import pytest

from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.alerts.tell import Beside, alerts_for, before_gates, decisions
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.time import end_of
from health_pipeline_tests.core.schemas.worlds import ACCOUNT, DAY, table

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
EPISODE = stable_id("driver", ACCOUNT, "a", DAY)
CHANGE = {
    "transition_id": "t1",
    "signal": "a",
    "from_state": "healthy",
    "to_state": "risk",
    "at": end_of(DAY),
    "value_before": 72.0,
    "value_after": 33.333333,
    "reason_code": "a_low",
    "episode_id": EPISODE,
    "silent": False,
    "model_version": "v1",
}
ACCOUNTS = {
    "account_id": [ACCOUNT],
    "name": ["Acme Ltd"],
    "owner_email": ["ann@us.example"],
    "exec_email": ["vp@us.example"],
    "arr": [90_000.0],
}
ALL = AlertRules(notify=("risk", "watch", "healthy"))
OPEN = pl.DataFrame({"account_id": [ACCOUNT], "signal": ["a"]})
MUTED = pl.DataFrame({"account_id": [ACCOUNT], "why": ["expansion"]})


def decided(
    change=None, now=NOW, latest=DAY, muted=None, rules=None, by_hand=(), gate=None, **beside
):
    rules, beside = rules or AlertRules(), Beside(muted=muted, by_hand=by_hand, **beside)
    rows = before_gates(
        table("driver_transitions", [CHANGE | (change or {})]), rules, now, latest, beside
    ).with_columns(gate=pl.lit(gate, pl.String), feed=pl.lit(None, pl.String))
    return decisions(rows, rules, beside)


DECISIONS = [
    ("a change to risk of the latest day", {}, {}, "told"),
    ("a silent one", {"silent": True}, {}, "silent"),
    ("just young enough", {}, {"now": datetime(2026, 3, 12, 11, 59, tzinfo=UTC)}, "told"),
    (
        "36 hours after the day's end",
        {},
        {"now": datetime(2026, 3, 12, 12, 0, tzinfo=UTC)},
        "too_old",
    ),
    ("a state that nobody asked for", {"to_state": "watch"}, {}, "state_not_told"),
    (
        "a state that was asked for",
        {"to_state": "watch"},
        {"rules": AlertRules(notify=("watch", "risk"))},
        "told",
    ),
    ("a success mutes", {}, {"muted": MUTED}, "counterweight:expansion"),
    ("another account's does not", {"account_id": "zz"}, {"muted": MUTED}, "told"),
    ("a person mutes", {}, {"by_hand": [ACCOUNT]}, "muted"),
    ("not another account", {}, {"by_hand": ["zz"]}, "told"),
    ("a person's word comes first", {}, {"by_hand": [ACCOUNT], "muted": MUTED}, "muted"),
    ("no change is no alert to mute", {"silent": True}, {"by_hand": [ACCOUNT]}, "silent"),
    ("a new model moved it", {}, {"new_model": True}, "model_change"),
    ("a fact that moved by itself", {}, {"new_model": True, "facts": ["a"]}, "told"),
    (
        "a fact whose value stands still",
        {"value_after": 72.0},
        {"new_model": True, "facts": ["a"]},
        "model_change",
    ),
    ("a merge moved it", {}, {"restated": [ACCOUNT]}, "restated"),
    ("a gate holds it back", {}, {"gate": "outage:usage"}, "outage:usage"),
    ("before any person does", {}, {"gate": "breaker:a", "by_hand": [ACCOUNT]}, "breaker:a"),
    (
        "a state that nobody asked for is not gated",
        {"to_state": "watch"},
        {"gate": "x"},
        "state_not_told",
    ),
    (
        "the end of what was told",
        {"from_state": "risk", "to_state": "healthy"},
        {"rules": ALL, "open_risks": OPEN},
        "told",
    ),
    (
        "the end of what nobody was told",
        {"from_state": "risk", "to_state": "healthy"},
        {"rules": ALL, "open_risks": OPEN.clear()},
        "never_told",
    ),
    (
        "a fall to Red",
        {"signal": "tier", "from_state": "green", "to_state": "red"},
        {},
        "told",
    ),
    (
        "a fall to Red, unasked",
        {"signal": "tier", "from_state": "green", "to_state": "red"},
        {"rules": AlertRules(tell_red=False)},
        "state_not_told",
    ),
]


@pytest.mark.parametrize(
    ("why", "change", "more", "expected"), DECISIONS, ids=[c[0] for c in DECISIONS]
)
def test_decision(why, change, more, expected):
    assert decided(change, **more)["decision"].to_list() == [expected]


def alert(
    change=None, muted=None, by_hand=(), reasons=(), plays=(), executive_from_arr=None, **account
):
    rows = alerts_for(
        decided(
            change,
            muted=muted,
            rules=AlertRules(notify=("risk", "watch", "healthy")),
            by_hand=by_hand,
        ),
        table("reason_codes", list(reasons)),
        table("plays", list(plays)),
        pl.DataFrame(ACCOUNTS).with_columns(
            pl.lit(value, dtype=pl.DataFrame(ACCOUNTS).schema[name]).alias(name)
            for name, value in account.items()
        ),
        executive_from_arr,
    )
    return rows.row(0, named=True)


def test_an_alert_in_full():
    reason = {"direction": "risk", "rank": 1, "signal": "a", "sentence": "33% of seats active"}
    play = {"play_id": "p1", "opened_at": end_of(DAY), "status": "proposed"}
    found = alert(reasons=[reason], plays=[play])
    assert found == {
        "alert_id": stable_id("alert", "t1"),
        "dedup_key": f"{ACCOUNT}:a:{EPISODE}",
        "account_id": ACCOUNT,
        "kind": "driver",
        "from_state": "healthy",
        "to_state": "risk",
        "severity": "warning",
        "route": "owner:ann@us.example",
        "opened_at": end_of(DAY),
        "group_id": stable_id("group", ACCOUNT, DAY),
        "status": "open",
        "suppressed_by": None,
        "transition_id": "t1",
        "play_id": "p1",
        "owner_email": "ann@us.example",
        "sentence": "Acme Ltd: 33% of seats active",
        "model_version": "v1",
        "signal": "a",
        "reason_code": "a_low",
    }


MANAGER = "manager:vp@us.example"
ROUTES = [
    # why, change, threshold, account, severity, route
    ("risk goes to the owner", {}, None, {}, "warning", "owner:ann@us.example"),
    (
        "of a large account to the executive",
        {},
        90_000.0,
        {},
        "critical",
        "executive:vp@us.example",
    ),
    ("below the threshold to the owner", {}, 90_001.0, {}, "warning", "owner:ann@us.example"),
    (
        "no executive known: the owner",
        {},
        90_000.0,
        {"exec_email": None},
        "critical",
        "owner:ann@us.example",
    ),
    ("no owner: who manages the account", {}, None, {"owner_email": None}, "warning", MANAGER),
    ("nobody known", {}, None, {"owner_email": None, "exec_email": None}, "warning", "unowned"),
    (
        "an unknown ARR is not a large one",
        {},
        1.0,
        {"arr": None},
        "warning",
        "owner:ann@us.example",
    ),
    (
        "good news is no executive's matter",
        {"to_state": "healthy"},
        1.0,
        {},
        "info",
        "owner:ann@us.example",
    ),
]


@pytest.mark.parametrize(
    ("why", "change", "threshold", "account", "severity", "route"),
    ROUTES,
    ids=[c[0] for c in ROUTES],
)
def test_route(why, change, threshold, account, severity, route):
    found = alert(change, executive_from_arr=threshold, **account)
    assert (found["severity"], found["route"]) == (severity, route)


def test_a_muted_alert_says_by_what():
    found = alert(muted=MUTED)
    assert (found["status"], found["suppressed_by"]) == ("suppressed", "counterweight:expansion")
    found = alert(by_hand=[ACCOUNT])
    assert (found["status"], found["suppressed_by"]) == ("suppressed", "muted")


def test_a_reopening_keeps_the_key_of_its_episode():
    earlier = stable_id("driver", ACCOUNT, "a", date(2026, 3, 4))
    found = alert({"episode_id": earlier})
    assert (found["kind"], found["dedup_key"]) == ("driver_reopened", f"{ACCOUNT}:a:{earlier}")


def test_outside_of_an_episode_each_transition_is_its_own_key():
    assert alert({"to_state": "watch", "episode_id": None})["dedup_key"] == f"{ACCOUNT}:a:t1"


FALL = {"signal": "tier", "from_state": "yellow", "to_state": "red", "reason_code": None}
PLAIN_WORDS = [
    # why, change, words behind the name
    ("figures", {}, "a went from healthy to risk (value 33.33, before 72)"),
    (
        "what is not known",
        {"value_before": None},
        "a went from healthy to risk (value 33.33, before unknown)",
    ),
    (
        "a large one has no exponent",
        {"value_before": 12345.6, "value_after": 3_999_900.0},
        "a went from healthy to risk (value 3999900, before 12346)",
    ),
    (
        "nor has a small one, or a sign of nothing",
        {"value_before": 0.00052, "value_after": -0.00001},
        "a went from healthy to risk (value 0, before 0.0005)",
    ),
    (
        "what an outage held back began before",
        {"from_state": None},
        "a is still at risk, which was held back until now",
    ),
    (
        "so did a fall",
        FALL | {"from_state": None},
        "is still at red, which was held back until now",
    ),
    (
        "scores are floored, so that no Red shows as 60.0",
        FALL | {"value_before": 62.04, "value_after": 59.96},
        "went from yellow to red, score 62.0 to 59.9",
    ),
]


@pytest.mark.parametrize(
    ("why", "change", "words"), PLAIN_WORDS, ids=[case[0] for case in PLAIN_WORDS]
)
def test_a_driver_too_small_for_a_reason_is_told_in_plain_words(why, change, words):
    assert alert(change)["sentence"] == f"Acme Ltd: {words}"


def test_an_account_without_a_name_is_told_by_its_id():
    assert alert(name=None)["sentence"].startswith(f"{ACCOUNT}: a went")
