"""The routing tree of alerts.yaml: who is told of what, where and when (R92, R110, R111)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen

To = Literal["owner", "manager", "executive", "on_call", "data_owner", "unowned"]
GroupBy = Literal["account", "owner", "segment", "plan", "region", "signal", "source", "kind"]
KINDS = (
    "driver",
    "driver_reopened",
    "account",
    "group",
    "data_incident",
    "run_failed",
    "drift",
    "failed_check",
    "dead_letter",
    "undelivered",
    "stale_source",
    "heartbeat",
)
"""What a message can be about, as matchers name it."""

SEVERITIES = ("critical", "error", "warning", "info")
Facts = dict[str, Any]
"""What matchers compare: one value a field of `Match`, None where it is not known."""


class Match(Frozen):
    """Which alerts are meant: every line must hold, any value of a line will do.

    Attributes:
        account, segment, tier, signal, reason_code, severity, kind, to_state, source, owner, plan,
            region: values; none = any. `source` is the source table or `usage` of a driver.
        arr_from: the account's ARR is known, and this or more.
        possible_data_fault: of group alerts.
    """

    account: tuple[str, ...] = ()
    segment: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    signal: tuple[str, ...] = ()
    reason_code: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    to_state: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    arr_from: float | None = Field(default=None, ge=0)
    possible_data_fault: bool | None = None

    def takes(self, facts: Facts) -> bool:
        """Whether an alert with these facts is meant."""
        fault, least = self.possible_data_fault, self.arr_from
        if fault is not None and bool(facts.get("possible_data_fault")) != fault:
            return False
        if least is not None and (facts.get("arr") is None or facts["arr"] < least):
            return False
        asked = ((name, getattr(self, name)) for name in LISTS)
        return all(facts.get(name) in values for name, values in asked if values)

    def is_open(self) -> bool:
        """Whether it holds for everything."""
        return self == Match()


LISTS: tuple[str, ...] = tuple(
    name for name in Match.model_fields if name not in ("arr_from", "possible_data_fault")
)


class Route(Frozen):
    """One branch of the tree; what it does not say is its parent's.

    Attributes:
        name: stands on every message.
        match: what it takes.
        to: who is told. channels: of delivery.yaml; none = the parent's, then `channels`.
        group_by: alerts with the same values go in one message; `account` is one a day.
        group_wait_minutes: a message waits so long, for others to join what it tells.
        repeat_hours: what is still so, and acknowledged by nobody, is told again; none = never.
        digest: not at once, but together at `digest_hour`.
        quiet_hours: whether it waits for the end of the recipient's quiet hours.
        send_resolved: whether the end is told at once as well.
        continue: whether later branches are asked too.
        routes: narrower branches, asked first.
    """

    name: str
    match: Match = Match()
    to: To = "owner"
    channels: tuple[str, ...] = ()
    group_by: tuple[GroupBy, ...] = ("account",)
    group_wait_minutes: int = Field(default=0, ge=0)
    repeat_hours: int | None = Field(default=None, ge=1)
    digest: bool = False
    quiet_hours: bool = True
    send_resolved: bool = False
    go_on: bool = Field(default=False, alias="continue")
    routes: tuple[Route, ...] = ()


_OWN = {"name", "match", "go_on", "routes"}
"""What a branch never has from its parent."""


def taken(routes: tuple[Route, ...], facts: Facts, above: Route | None = None) -> list[Route]:
    """The branches that take an alert, complete with what they have from their parents.

    In each list the first that matches takes it, and those after it only where it says `continue`.
    A branch whose children take nothing takes it itself. Empty: no branch matches.
    """
    found: list[Route] = []
    for route in routes:
        if not route.match.takes(facts):
            continue
        whole = _with_parent(route, above)
        found += taken(route.routes, facts, whole) or [whole]
        if not route.go_on:
            break
    return found


def _with_parent(route: Route, above: Route | None) -> Route:
    if above is None:
        return route
    said = {name: getattr(route, name) for name in route.model_fields_set | _OWN}
    return above.model_copy(update=said)


ON_CALL = KINDS[KINDS.index("run_failed") :]
CALMER = ("healthy", "watch", "unknown", "green", "yellow")
NOW = {"quiet_hours": False, "send_resolved": True}

DEFAULT_ROUTES: tuple[Route, ...] = (
    Route(name="on_call", match=Match(kind=ON_CALL), to="on_call", group_by=("kind",), **NOW),
    Route(
        name="data",
        match=Match(kind=("data_incident",)),
        to="data_owner",
        group_by=("source",),
        **NOW,
    ),
    Route(
        name="data_fault",
        match=Match(kind=("group",), possible_data_fault=True),
        to="data_owner",
        group_by=("source",),
        **NOW,
    ),
    Route(
        name="mass",
        match=Match(kind=("group",)),
        to="manager",
        group_by=("source",),
        send_resolved=True,
    ),
    Route(name="digest", match=Match(to_state=CALMER), digest=True),
    Route(name="executive", match=Match(severity=("critical",)), to="executive"),
    Route(name="owner"),
)
"""What alerts.yaml does where it names no routes."""
