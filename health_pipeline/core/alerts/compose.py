"""From decided alerts and incidents to messages: grouped, routed, timed, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from health_pipeline.core.alerts.force import InForce, Via
from health_pipeline.core.alerts.gates import NOTICE
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.alerts.recipients import Recipient, not_before, recipient
from health_pipeline.core.alerts.routes import SEVERITIES, Route, taken
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.messages import Action, Link, Message, MessageAlert, Severity
from health_pipeline.core.schemas.words import counted

LONGEST_KEY = 200
CALM = ("healthy", "watch", "green", "yellow")


@dataclass(frozen=True, slots=True)
class Desk:
    """What composing needs to know: rules, channels that are ready, the clock."""

    rules: AlertRules
    ready: frozenset[str]
    now: datetime

    def channels(self, route: Route) -> list[str]:
        """The ready channels of a route, each once."""
        named = route.channels or self.rules.channels
        return [one for one in dict.fromkeys(named) if one in self.ready]

    def links(self, alerts: Sequence[MessageAlert]) -> tuple[Link, ...]:
        """The report of the one account that a message is about."""
        accounts = {one.account_id for one in alerts}
        if self.rules.report_url is None or len(accounts) != 1:
            return ()
        href = self.rules.report_url.replace("{account_id}", accounts.pop())
        return (Link(text="report", href=href),)


@dataclass(slots=True)
class _Parcel:
    """Alerts that go in one message."""

    route: Route
    who: Recipient
    channel: str
    alerts: list[InForce]


def account_messages(
    alerts: Iterable[InForce], threads: Mapping[str, str], desk: Desk
) -> tuple[list[Message], list[InForce]]:
    """Messages about alerts, and the alerts with thread and ways.

    Args:
        alerts: what is told now, each for the first time.
        threads: account → thread of its alerts in force.
        desk: see there.

    Returns:
        One message for each channel, recipient and values of `group_by`; digests one a recipient.
        An alert that no ready channel takes comes back without ways: nobody was told.
    """
    parcels: dict[tuple[object, ...], _Parcel] = {}
    seen: set[tuple[str, str, str]] = set()
    for alert in alerts:
        for route in taken(desk.rules.routes, alert.facts):
            facts = alert.facts
            who = recipient(route.to, facts["owner"], facts["executive"], desk.rules)
            values = () if route.digest else tuple(facts.get(one) for one in route.group_by)
            for channel in desk.channels(route):
                if (once := (alert.row.alert_id, channel, who.name)) in seen:
                    continue
                seen.add(once)
                key = (route.name, channel, who.name, route.digest, *values)
                parcel = parcels.setdefault(key, _Parcel(route, who, channel, []))
                parcel.alerts.append(alert)
    told: dict[str, InForce] = {}
    messages = []
    for parcel in parcels.values():
        message = _message(parcel, threads, desk)
        messages.append(message)
        for alert in parcel.alerts:
            before = told.get(alert.row.alert_id, alert)
            told[alert.row.alert_id] = before.model_copy(
                update={
                    "thread": before.thread or message.dedup_key,
                    "via": (*before.via, _via(parcel)),
                    "told_at": desk.now,
                }
            )
    return messages, [told.get(alert.row.alert_id, alert) for alert in alerts]


def _via(parcel: _Parcel) -> Via:
    return Via(
        route=parcel.route.name,
        channel=parcel.channel,
        recipient=parcel.who.name,
        to=parcel.who.to,
        time_zone=parcel.who.time_zone,
        send_resolved=parcel.route.send_resolved,
        repeat_hours=parcel.route.repeat_hours,
    )


def _message(parcel: _Parcel, threads: Mapping[str, str], desk: Desk) -> Message:
    alerts = sorted(parcel.alerts, key=_importance)
    first, route, who = alerts[0], parcel.route, parcel.who
    accounts = {one.row.account_id for one in alerts}
    news = stable_id("message", *sorted(one.row.transition_id for one in alerts))
    if route.digest:
        kind, dedup = "digest", f"digest:{who.name}:{first.day}"
    elif len(accounts) == 1:
        kind = "account" if len(alerts) > 1 else first.row.kind
        dedup = threads.get(first.row.account_id) or f"account:{first.row.account_id}:{news}"
    else:
        kind, dedup = "account", f"{route.name}:{who.name}:{first.day}"
    calm = all(one.row.to_state in CALM for one in alerts)
    return Message(
        key=key_of(kind, dedup, news, parcel.channel),
        dedup_key=dedup[:255],
        channel=parcel.channel,
        kind=kind,
        action="info" if calm else "trigger",
        severity=_worst(alerts),
        title=_title(alerts, digest=route.digest),
        text="",
        alerts=tuple(one.alert for one in alerts),
        links=desk.links([one.alert for one in alerts]),
        runbook=kind,
        route=route.name,
        recipient=who.name,
        to=who.to,
        opened_at=min(one.row.opened_at for one in alerts),
        not_before=not_before(desk.now, route, who, desk.rules),
        timezone=who.time_zone,
    )


def key_of(kind: str, about: str, news: str, channel: str) -> str:
    """The key of a message: about what, which news of it, by which channel."""
    key = (
        f"{about}:{news}:{channel}"
        if about.startswith(kind)
        else f"{kind}:{about}:{news}:{channel}"
    )
    return key if len(key) <= LONGEST_KEY else f"{kind}:{stable_id(key)}:{channel}"[:LONGEST_KEY]


def _importance(alert: InForce) -> tuple[int, str, str]:
    return SEVERITIES.index(alert.row.severity), alert.row.account_id, alert.row.signal


def _worst(alerts: Sequence[InForce]) -> Severity:
    return min((one.row.severity for one in alerts), key=SEVERITIES.index)


def _title(alerts: Sequence[InForce], *, digest: bool) -> str:
    accounts = {one.row.account_id for one in alerts}
    if digest:
        better = sum(_is_better(one) for one in alerts)
        changes = counted(len(alerts), "change")
        return f"{changes} at {counted(len(accounts), 'account')}, {better} for the better"
    name = alerts[0].alert.account if len(accounts) == 1 else f"{len(accounts)} accounts"
    if len(alerts) == 1 and alerts[0].row.kind != "account":
        one = alerts[0].row
        change = f"{one.from_state} → {one.to_state}" if one.from_state else f"still {one.to_state}"
        return f"{name}: {one.signal} {change}"
    told = Counter(_of_account(one) for one in alerts if one.row.kind == "account")
    said = list(told) if len(accounts) == 1 else [f"{n} {words}" for words, n in told.items()]
    drivers = sum(one.row.kind != "account" for one in alerts)
    if drivers:
        said.insert(0, f"{counted(drivers, 'driver')} changed")
    words = " and ".join(part for part in (", ".join(said[:-1]), said[-1]) if part)
    return f"{name}: {words}" if drivers or len(accounts) > 1 else f"{name} {words}"


def _of_account(alert: InForce) -> str:
    """What happened to the account as a whole."""
    if alert.row.signal == NOTICE:
        return "gave notice"
    tier, before = alert.row.to_state.title(), alert.row.from_state
    if before is None:
        return f"is still {tier}"
    return "fell to Red" if tier == "Red" else f"rose to {tier}"


def _is_better(alert: InForce) -> bool:
    """Whether a risk is over or less; of Red every other tier is."""
    before, now = alert.row.from_state, alert.row.to_state
    return now in ("healthy", "green", "yellow") or (before, now) == ("risk", "watch")


def again(alert: InForce, desk: Desk) -> list[Message]:
    """What is still so and was acknowledged by nobody, told again by each way that is due."""
    if alert.status != "open" or alert.told_at is None:
        return []
    return [
        _about(alert, via, desk, "trigger", f"still {alert.row.to_state} since {alert.day}")
        for via in alert.via
        if via.channel in desk.ready and is_due(alert, via, desk.now)
    ]


def is_due(alert: InForce, via: Via, now: datetime) -> bool:
    """Whether `via` repeats an alert that was told so often."""
    if via.repeat_hours is None or alert.told_at is None:
        return False
    hours = (now - alert.told_at).total_seconds() / 3600
    return hours >= via.repeat_hours * (alert.repeats + 1)


def ended(alerts: Sequence[InForce], accounts: Collection[str], desk: Desk) -> list[Message]:
    """The end of a thread of which `alerts` are all: one message by each way that tells ends.

    `accounts` are those of the day: of one that left, or became part of another, nothing got well.
    """
    is_there = any(one.row.account_id in accounts for one in alerts)
    words = "all of it is over" if is_there else "no account of its own any more (ended or merged)"
    ways = {via.channel: via for one in alerts for via in one.via if via.send_resolved}
    last = max(alerts, key=lambda one: (one.day, one.row.signal))
    return [
        _about(last, via, desk, "resolve", words)
        for channel, via in sorted(ways.items())
        if channel in desk.ready
    ]


def _about(alert: InForce, via: Via, desk: Desk, action: Action, words: str) -> Message:
    about = f"{action}:{alert.repeats + 1}" if action == "trigger" else action
    news = stable_id("message", alert.row.transition_id, about)
    return Message(
        key=key_of(alert.row.kind, alert.thread, news, via.channel),
        dedup_key=alert.thread[:255],
        channel=via.channel,
        kind=alert.row.kind,
        action=action,
        severity=alert.row.severity if action == "trigger" else "info",
        title=f"{alert.alert.account}: {words}",
        text="",
        alerts=(alert.alert,),
        links=desk.links([alert.alert]),
        runbook=alert.row.kind,
        route=via.route,
        recipient=via.recipient,
        to=via.to,
        opened_at=alert.row.opened_at,
        timezone=via.time_zone,
    )
