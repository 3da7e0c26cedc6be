"""Who is told, where, when: the tree, the people, the hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from health_pipeline.core.alerts.params import AlertRules, Person, QuietHours
from health_pipeline.core.alerts.recipients import Recipient, not_before, recipient
from health_pipeline.core.alerts.routes import DEFAULT_ROUTES, Match, Route, taken

RISK = {"kind": "driver", "to_state": "risk", "severity": "warning", "arr": 5000.0}
DEFAULTS = [
    # why, facts, routes
    ("risk", RISK, ["owner"]),
    ("risk of a large account", RISK | {"severity": "critical"}, ["executive"]),
    ("watch", RISK | {"to_state": "watch"}, ["digest"]),
    ("a recovery", RISK | {"to_state": "healthy"}, ["digest"]),
    ("a fall to Red", {"kind": "account", "to_state": "red", "severity": "warning"}, ["owner"]),
    ("out of Red", {"kind": "account", "to_state": "yellow", "severity": "info"}, ["digest"]),
    ("an outage", {"kind": "data_incident"}, ["data"]),
    ("a mass", {"kind": "group"}, ["mass"]),
    ("a mass without data", {"kind": "group", "possible_data_fault": True}, ["data_fault"]),
    ("a failed run", {"kind": "run_failed"}, ["on_call"]),
    ("a sign of life", {"kind": "heartbeat"}, ["on_call"]),
]


@pytest.mark.parametrize(("why", "facts", "expected"), DEFAULTS, ids=[c[0] for c in DEFAULTS])
def test_the_default_tree(why, facts, expected):
    assert [one.name for one in taken(DEFAULT_ROUTES, facts)] == expected


def tree(*routes):
    return tuple(Route.model_validate(one) for one in routes)


ALL = {"name": "rest"}
TREES = [
    # why, routes, facts, routes that take it
    ("the first that matches", [{"name": "a"}, ALL], RISK, ["a"]),
    ("and the next, if it says so", [{"name": "a", "continue": True}, ALL], RISK, ["a", "rest"]),
    (
        "children before their parent",
        [{"name": "a", "routes": [{"name": "b", "match": {"kind": ["driver"]}}]}, ALL],
        RISK,
        ["b"],
    ),
    (
        "the parent where no child matches",
        [{"name": "a", "routes": [{"name": "b", "match": {"kind": ["group"]}}]}, ALL],
        RISK,
        ["a"],
    ),
    (
        "every line has to hold",
        [{"name": "a", "match": {"kind": ["driver"], "plan": ["x"]}}],
        RISK,
        [],
    ),
    ("an ARR", [{"name": "a", "match": {"arr_from": 5000}}], RISK, ["a"]),
    ("a smaller one", [{"name": "a", "match": {"arr_from": 5001}}], RISK, []),
    ("an unknown one", [{"name": "a", "match": {"arr_from": 0}}], RISK | {"arr": None}, []),
]


@pytest.mark.parametrize(("why", "routes", "facts", "expected"), TREES, ids=[c[0] for c in TREES])
def test_trees(why, routes, facts, expected):
    assert [one.name for one in taken(tree(*routes), facts)] == expected


def test_a_child_has_what_it_does_not_say_from_its_parent():
    routes = tree(
        {
            "name": "a",
            "to": "manager",
            "channels": ["x"],
            "repeat_hours": 8,
            "continue": True,
            "routes": [{"name": "b", "channels": ["y"], "match": {"kind": ["driver"]}}],
        },
        ALL,
    )
    child, *others = taken(routes, RISK)
    assert (child.name, child.to, child.channels, child.repeat_hours) == ("b", "manager", ("y",), 8)
    assert not child.go_on, "whether others are asked is each branch's own"
    assert [one.name for one in others] == ["rest"]


@pytest.mark.parametrize("facts", [{}, RISK, {"kind": "group"}])
def test_a_match_of_nothing_takes_everything(facts):
    assert Match().takes(facts)


PEOPLE = {
    "ann@x": Person(time_zone="America/New_York", manager="lee@x"),
    "gone@x": Person(deactivated=True, manager="ann@x"),
    "also@x": Person(deactivated=True, manager="gone@x"),
    "lost@x": Person(deactivated=True),
    "one@x": Person(deactivated=True, manager="two@x"),
    "two@x": Person(deactivated=True, manager="one@x"),
}
RULES = AlertRules(people=PEOPLE, manager="boss@x", data_owner="data@x", on_call=("ops@x",))
WHO = [
    # why, to, owner, executive, recipient, addresses
    ("the owner", "owner", "ann@x", None, "owner:ann@x", ("ann@x",)),
    ("one whom nobody lists", "owner", "joe@x", None, "owner:joe@x", ("joe@x",)),
    ("who is gone: the manager", "owner", "gone@x", None, "manager:ann@x", ("ann@x",)),
    ("both are gone: the next", "owner", "also@x", None, "manager:ann@x", ("ann@x",)),
    ("no manager: the executive", "owner", "lost@x", "vp@x", "manager:vp@x", ("vp@x",)),
    ("no owner: the executive", "owner", None, "vp@x", "manager:vp@x", ("vp@x",)),
    ("nobody: the last resort", "owner", None, None, "manager:boss@x", ("boss@x",)),
    ("a circle of the gone ends", "owner", "one@x", None, "manager:boss@x", ("boss@x",)),
    (
        "the executive, and the owner",
        "executive",
        "ann@x",
        "vp@x",
        "executive:vp@x",
        ("vp@x", "ann@x"),
    ),
    ("no executive: the owner", "executive", "ann@x", None, "owner:ann@x", ("ann@x",)),
    ("the owner's manager", "manager", "ann@x", None, "manager:lee@x", ("lee@x",)),
    ("of many accounts", "manager", None, None, "manager:boss@x", ("boss@x",)),
    ("data", "data_owner", None, None, "data_owner", ("data@x",)),
    ("on call", "on_call", None, None, "on_call", ("ops@x",)),
    ("the queue", "unowned", "ann@x", None, "unowned", ()),
]


@pytest.mark.parametrize(
    ("why", "to", "owner", "executive", "name", "addresses"), WHO, ids=[c[0] for c in WHO]
)
def test_who(why, to, owner, executive, name, addresses):
    found = recipient(to, owner, executive, RULES)
    assert (found.name, found.to) == (name, addresses)


def test_with_nobody_left_it_is_unowned():
    assert recipient("owner", None, None, AlertRules()).name == "unowned"
    assert recipient("owner", "lost@x", None, AlertRules(people=PEOPLE)).name == "unowned"


def test_data_without_an_owner_are_for_on_call():
    assert recipient("data_owner", None, None, AlertRules(on_call=("ops@x",))).name == "on_call"
    assert recipient("data_owner", None, None, AlertRules()).name == "data_owner"


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ANN = Recipient("owner:ann@x", ("ann@x",), "America/New_York", knows_zone=True)
JOE = Recipient("owner:joe@x", ("joe@x",))
NOW = {"name": "now"}
HOURS = [
    # why, route, who, now (UTC), not before (UTC); 2026-03-11 is a Wednesday
    ("by day", NOW, ANN, "2026-03-11T15:00", None),
    ("at night: until seven, their time", NOW, ANN, "2026-03-11T06:00", "2026-03-11T11:00"),
    ("in the evening: the next morning", NOW, ANN, "2026-03-11T00:30", "2026-03-11T11:00"),
    ("on a Friday evening: Monday", NOW, ANN, "2026-03-14T01:00", "2026-03-16T11:00"),
    ("at seven it is day", NOW, ANN, "2026-03-11T11:00", None),
    ("across the change of the clocks", NOW, ANN, "2026-11-02T03:00", "2026-11-02T12:00"),
    ("whose zone nobody knows", NOW, JOE, "2026-03-11T03:00", None),
    ("on call is never quiet", {"name": "x", "quiet_hours": False}, ANN, "2026-03-11T06:00", None),
    (
        "a wait",
        {"name": "x", "group_wait_minutes": 10},
        ANN,
        "2026-03-11T15:00",
        "2026-03-11T15:10",
    ),
    (
        "a wait into the night",
        {"name": "x", "group_wait_minutes": 60},
        ANN,
        "2026-03-10T23:30",
        "2026-03-11T11:00",
    ),
    ("a digest", {"name": "x", "digest": True}, ANN, "2026-03-11T06:00", "2026-03-11T12:00"),
    (
        "a digest of somebody unknown",
        {"name": "x", "digest": True},
        JOE,
        "2026-03-11T06:00",
        "2026-03-11T08:00",
    ),
    (
        "today's digest is out",
        {"name": "x", "digest": True},
        JOE,
        "2026-03-11T08:01",
        "2026-03-12T08:00",
    ),
]


@pytest.mark.parametrize(("why", "route", "who", "now", "then"), HOURS, ids=[c[0] for c in HOURS])
def test_when(why, route, who, now, then):
    found = not_before(at(now), Route.model_validate(route), who, RULES)
    assert found == (at(then) if then else None)


def test_quiet_hours_can_be_within_a_day_or_none_at_all():
    siesta = RULES.model_copy(update={"quiet_hours": QuietHours(start=10, end=12, weekends=False)})
    route = Route(name="x")
    assert not_before(at("2026-03-14T15:30"), route, ANN, siesta) == at("2026-03-14T16:00")
    never = RULES.model_copy(update={"quiet_hours": None})
    assert not_before(at("2026-03-14T06:00"), route, ANN, never) is None
