"""What people do about alerts: see them, silence them, take them, try a channel."""

from dataclasses import dataclass
from datetime import date, datetime
from math import inf, nan
from typing import Any

from health_pipeline.adapters.store.alert_book import (
    acknowledge,
    in_force,
    incidents_in_force,
    meant,
)
from health_pipeline.adapters.store.outbox import put
from health_pipeline.adapters.store.silences import end_silence, silence, silences
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.config.matched import known_values
from health_pipeline.config.model import HealthModel
from health_pipeline.core.alerts.force import InForce, Silenced
from health_pipeline.core.alerts.incidents import Incident
from health_pipeline.core.alerts.params import Silence
from health_pipeline.core.alerts.routes import LISTS, Match
from health_pipeline.core.schemas.messages import Message
from health_pipeline.orchestration.alerting import channels_of
from health_pipeline.orchestration.house import House, Stores


class DeskError(Exception):
    """What was asked cannot be done; the message says why and what could be."""


@dataclass(frozen=True)
class Desk:
    """What is in force now."""

    alerts: tuple[InForce, ...]
    incidents: tuple[Incident, ...]
    silences: dict[Silenced, Silence]


def desk_now(stores: Stores) -> Desk:
    """The alerts, incidents and silences in force."""
    said = silences(stores.control, stores.model.alerts, House.now().date())
    return Desk(tuple(in_force(stores.control)), tuple(incidents_in_force(stores.control)), said)


def matcher(words: list[str]) -> Match:
    """`field=value[,value…]` words as a matcher; a field that is named again takes more values.

    Raises:
        DeskError: a word is none, names no field, or nothing is named.
    """
    said: dict[str, Any] = {}
    for word in words:
        name, sign, value = word.partition("=")
        values = tuple(value.split(","))
        if not sign or not all(values):
            raise DeskError(f"{word}: not a matcher (write it as segment=starter)")
        if name == "arr_from":
            said[name] = _amount(value)
        elif name in LISTS:
            said[name] = (*said.get(name, ()), *values)
        else:
            raise DeskError(f"{name}: no field of alerts (allowed: {', '.join(LISTS)}, arr_from)")
    if not said:
        raise DeskError(f"nothing named: all alerts are never silenced (name {', '.join(LISTS)})")
    return Match.model_validate(said)


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = nan
    if not 0 <= amount < inf:
        raise DeskError(f"arr_from={text}: not an amount (write it as 50000)")
    return amount


def silence_alerts(stores: Stores, match: Match, author: str, why: str, until: date) -> str:
    """Silence what `match` takes through `until`; gives the id.

    Raises:
        DeskError: it would be over already, or says no reason.
    """
    now = House.now()
    if until < now.date():
        raise DeskError(f"{until} is over: a silence ends today or later")
    if not why.strip():
        raise DeskError("a silence says why")
    with transaction(stores.control):
        return silence(
            stores.control, Silence(match=match, author=author, why=why, until=until), now
        )


def unknown_values(model: HealthModel, match: Match) -> list[str]:
    """The names in `match` that the model does not know, so that they take nothing."""
    codes = {one.name: one.reason_code for one in model.signals}
    known = known_values(model.segments, model.scoring, codes)
    return [
        f"{field}={value} matches nothing (known: {', '.join(names)})"
        for field, names in known.items()
        for value in getattr(match, field)
        if value not in names
    ]


def unknown_accounts(stores: Stores, match: Match) -> list[str]:
    """The accounts in `match` that nobody knows by their id, so that they take nothing."""
    accounts = stores.lake.frame("accounts")
    known = set() if accounts is None else set(accounts["account_id"])
    return [
        f"account={one} matches nothing: no account has this id (`health explain` shows it)"
        for one in match.account
        if one not in known
    ]


def unsilence(stores: Stores, silence_id: str) -> None:
    """End a silence that was set in the shell.

    Raises:
        DeskError: there is none of this id.
    """
    with transaction(stores.control):
        if not end_silence(stores.control, silence_id):
            raise DeskError(f"{silence_id}: no silence of the shell has this id")


def take(stores: Stores, alert: str, by: str, why: str) -> list[InForce]:
    """Acknowledge an alert, or all of an account: it is repeated no more.

    Raises:
        DeskError: no alert in force is meant, or several whose ids begin alike.
    """
    with transaction(stores.control):
        by_id = [one for one in meant(stores.control, alert) if one.row.account_id != alert]
        if len(by_id) > 1:
            raise DeskError(f"{alert}: {len(by_id)} alerts in force have an id that begins so")
        taken = acknowledge(stores.control, alert, by, why)
    if not taken:
        raise DeskError(f"{alert}: no alert in force has this id, and no account")
    return taken


def try_channel(stores: Stores, name: str, now: datetime | None = None) -> None:
    """Queue a test message for one channel.

    Raises:
        DeskError: there is no such channel, or it is not configured.
    """
    channels, now = channels_of(stores, (name,)), now or House.now()
    if name not in channels.ready:
        raise DeskError(f"{name}: {channels.not_configured[name]}")
    message = Message(
        key=f"test:{now:%Y%m%dT%H%M%S%f}:{name}",
        dedup_key=f"test:{name}",
        channel=name,
        kind="test",
        action="info",
        severity="info",
        title="A test of health-pipeline: this channel works",
        text="Nobody has to do anything.",
        alerts=(),
        links=(),
        runbook="test",
        route="test",
        recipient="on_call",
        to=stores.model.alerts.on_call,
        opened_at=now,
    )
    with transaction(stores.control):
        put(stores.control, [message], now)
