"""Messages about many accounts, or about none: incidents, and news of the operation itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from health_pipeline.core.alerts.compose import Desk, key_of
from health_pipeline.core.alerts.incidents import DATA_INCIDENT, Incident
from health_pipeline.core.alerts.recipients import not_before, recipient
from health_pipeline.core.alerts.routes import Facts, taken
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.messages import Action, Link, Message, MessageAlert, Severity
from health_pipeline.core.schemas.words import counted


def incident_facts(incident: Incident) -> Facts:
    """What matchers compare of an incident."""
    return {
        "kind": incident.kind,
        "source": incident.source,
        "severity": "error",
        "possible_data_fault": incident.possible_data_fault,
        "owner": None,
        "executive": None,
    }


def incident_messages(
    incident: Incident,
    action: Action,
    alerts: Sequence[MessageAlert],
    desk: Desk,
    opened_at: datetime,
) -> list[Message]:
    """One message a channel about an incident that opened, grew (`trigger`) or ended (`resolve`).

    `alerts`: of a group every account, one entry each.
    """
    facts, found = incident_facts(incident), []
    for route in taken(desk.rules.routes, facts):
        who = recipient(route.to, None, None, desk.rules)
        for channel in desk.channels(route):
            if action == "resolve" and not route.send_resolved:
                continue
            size = str(len(incident.everyone)) if incident.kind != DATA_INCIDENT else ""
            news = stable_id("message", incident.incident_id, action, size)
            found.append(
                Message(
                    key=key_of(incident.kind, incident.incident_id, news, channel),
                    dedup_key=incident.incident_id[:255],
                    channel=channel,
                    kind=incident.kind,
                    action=action,
                    severity="info" if action == "resolve" else "error",
                    title=_incident_title(incident, action),
                    text=incident.why,
                    alerts=tuple(alerts),
                    links=(),
                    runbook=incident.kind,
                    route=route.name,
                    recipient=who.name,
                    to=who.to,
                    possible_data_fault=incident.possible_data_fault,
                    opened_at=opened_at,
                    not_before=not_before(desk.now, route, who, desk.rules),
                    timezone=who.time_zone,
                )
            )
    return list({message.key: message for message in found}.values())


def _incident_title(incident: Incident, action: Action) -> str:
    accounts = counted(len(incident.everyone), "account")
    if incident.kind == DATA_INCIDENT:
        name = (
            incident.source
            if incident.source == incident.feed
            else f"{incident.source} {incident.feed}"
        )
        if action == "resolve":
            return f"Data of {name} are back"
        return f"No data of {name} for {accounts}; their alerts are held back"
    drivers = ", ".join(sorted(incident.accounts))
    if action == "resolve":
        return f"Most of {accounts} are back: {drivers}"
    if incident.possible_data_fault:
        return f"Possible data fault: {accounts} changed at once ({drivers})"
    return f"{accounts} changed at once ({drivers})"


def operation_messages(
    kind: str,
    about: str,
    severity: Severity,
    title: str,
    text: str,
    desk: Desk,
    links: tuple[Link, ...] = (),
    only: Collection[str] | None = None,
) -> list[Message]:
    """News of the operation itself, for whoever is on call; `only`: these channels and no other."""
    facts: Facts = {"kind": kind, "severity": severity, "owner": None, "executive": None}
    found: dict[str, Message] = {}
    for route in taken(desk.rules.routes, facts):
        who = recipient(route.to, None, None, desk.rules)
        for channel in desk.channels(route) if only is None else only:
            dedup = f"{kind}:{about}"
            message = Message(
                key=key_of(kind, dedup, "1", channel),
                dedup_key=dedup[:255],
                channel=channel,
                kind=kind,
                action="info" if kind == "heartbeat" else "trigger",
                severity=severity,
                title=title,
                text=text,
                alerts=(),
                links=links,
                runbook=kind,
                route=route.name,
                recipient=who.name,
                to=who.to,
                opened_at=desk.now,
                not_before=not_before(desk.now, route, who, desk.rules),
                timezone=who.time_zone,
            )
            found.setdefault(message.key, message)
    return list(found.values())
