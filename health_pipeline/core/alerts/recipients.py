"""Who is told, at what hour of their day: owner, else manager, else the queue of the unowned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from health_pipeline.core.alerts.params import AlertRules, QuietHours
from health_pipeline.core.alerts.routes import Route

UNOWNED = "unowned"
UTC_ZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told.

    Attributes:
        name: owner:EMAIL, manager:EMAIL, executive:EMAIL, on_call, data_owner, unowned.
        to: addresses, the recipient's first.
        time_zone: in which times are shown. knows_zone: whether it is really theirs.
    """

    name: str
    to: tuple[str, ...] = ()
    time_zone: str = UTC_ZONE
    knows_zone: bool = False


def recipient(to: str, owner: str | None, executive: str | None, rules: AlertRules) -> Recipient:
    """The recipient of one alert on a route to `to`.

    Args:
        to: `Route.to`.
        owner: the account's owner_email.
        executive: its exec_email.
        rules: people, and addresses where no one else is named.

    Returns:
        A deactivated owner's place is taken by the manager, and that one's by theirs; a missing
        owner's by the account's executive, then by `manager`. With nobody left: `unowned`.
    """
    if to == "on_call":
        return _group("on_call", rules.on_call, rules)
    if to == "data_owner":
        other = "on_call" if rules.on_call and not rules.data_owner else "data_owner"
        return _group(other, (rules.data_owner,) if rules.data_owner else rules.on_call, rules)
    return Recipient(UNOWNED) if to == UNOWNED else _of_account(to, owner, executive, rules)


def _of_account(to: str, owner: str | None, executive: str | None, rules: AlertRules) -> Recipient:
    if to == "executive" and executive and _is_active(executive, rules):
        told = _person("executive", executive, rules)
        with_owner = (executive, *((owner,) if owner and _is_active(owner, rules) else ()))
        return Recipient(told.name, with_owner, told.time_zone, told.knows_zone)
    if to == "manager":
        return _managed(owner, None, rules)
    if owner and _is_active(owner, rules):
        return _person("owner", owner, rules)
    return _managed(owner, executive, rules)


def _managed(owner: str | None, executive: str | None, rules: AlertRules) -> Recipient:
    seen, above = set[str](), owner
    while above and above not in seen:
        seen.add(above)
        person = rules.people.get(above)
        above = person.manager if person else None
        if above and _is_active(above, rules):
            return _person("manager", above, rules)
    for other in (executive, rules.manager):
        if other and _is_active(other, rules):
            return _person("manager", other, rules)
    return Recipient(UNOWNED)


def _is_active(email: str, rules: AlertRules) -> bool:
    person = rules.people.get(email)
    return person is None or not person.deactivated


def _person(role: str, email: str, rules: AlertRules) -> Recipient:
    known = rules.people.get(email)
    zone = (known.time_zone if known else None) or rules.time_zone
    return Recipient(f"{role}:{email}", (email,), zone or UTC_ZONE, zone is not None)


def _group(name: str, to: tuple[str, ...], rules: AlertRules) -> Recipient:
    return Recipient(name, to, rules.time_zone or UTC_ZONE, rules.time_zone is not None)


def not_before(now: datetime, route: Route, who: Recipient, rules: AlertRules) -> datetime | None:
    """The moment before which nothing is sent; None = at once.

    Digests wait for the recipient's `digest_hour`, other messages for `group_wait_minutes`; both
    then for the end of quiet hours, if the route keeps them and the recipient's time zone is known.
    """
    zone, at = ZoneInfo(who.time_zone), now
    if route.digest:
        at = _next(at.astimezone(zone), rules.digest_hour)
    elif route.group_wait_minutes:
        at = now + timedelta(minutes=route.group_wait_minutes)
    if route.quiet_hours and who.knows_zone and rules.quiet_hours is not None:
        at = _awake(at.astimezone(zone), rules.quiet_hours)
    return None if at <= now else at.astimezone(now.tzinfo)


def _next(local: datetime, hour: int) -> datetime:
    """The next full `hour` of the clock on the wall, today or tomorrow."""
    at = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return at if at >= local else at + timedelta(days=1)


def _awake(local: datetime, quiet: QuietHours) -> datetime:
    """`local`, or the end of the quiet hours in which it lies."""
    for _ in range(8):
        if quiet.weekends and local.weekday() >= 5:
            local = local.replace(hour=quiet.end, minute=0, second=0, microsecond=0)
            local += timedelta(days=1)
        elif _is_quiet(local.hour, quiet):
            local = _next(local, quiet.end)
        else:
            break
    return local


def _is_quiet(hour: int, quiet: QuietHours) -> bool:
    if quiet.start <= quiet.end:
        return quiet.start <= hour < quiet.end
    return hour >= quiet.start or hour < quiet.end
