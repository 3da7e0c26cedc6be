"""What concerns many accounts at once: outages of a source, and changes told as one group (R92).

An incident lives in control.db from its first day to its end; each of its ends is one message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

import polars as pl

from health_pipeline.core.alerts.gates import BREAKER, OpenGroup, Outage, Trip
from health_pipeline.core.alerts.params import Gates
from health_pipeline.core.schemas.base import Frozen

DATA_INCIDENT, GROUP = "data_incident", "group"
TIER_DAYS = 3
"""So long falls to Red of a group's accounts are no news of their own."""


class Incident(Frozen):
    """One incident, as control.db keeps it.

    Attributes:
        incident_id: also the key by which receivers tell it from others.
        kind: data_incident or group. source: the silent source, or the feed of the drivers.
        feed: source table that is read, or `usage`.
        opened_on, last_on: first and latest day. resolved_on: None while it lasts.
        accounts: driver → accounts, sorted; of a data incident the key is the feed.
        tripped: of a group: the drivers whose breaker tripped on its first day.
        possible_data_fault: of a group: the figures may be the fault of the data.
        why: in words, with figures.
    """

    incident_id: str
    kind: Literal["data_incident", "group"]
    source: str
    feed: str
    opened_on: date
    last_on: date
    resolved_on: date | None = None
    accounts: dict[str, tuple[str, ...]] = {}
    tripped: tuple[str, ...] = ()
    possible_data_fault: bool = False
    why: str = ""

    @property
    def everyone(self) -> tuple[str, ...]:
        """All accounts, sorted."""
        return tuple(sorted({one for group in self.accounts.values() for one in group}))


class Steps(Frozen):
    """What a day made of the incidents: the same one stands in at most one of the four."""

    opened: tuple[Incident, ...] = ()
    grown: tuple[Incident, ...] = ()
    kept: tuple[Incident, ...] = ()
    resolved: tuple[Incident, ...] = ()


def data_incidents(known: Iterable[Incident], outages: Iterable[Outage], day: date) -> Steps:
    """The data incidents after `day`: one a source and feed, from the first day of silence on."""
    lasting = {
        (one.source, one.feed): one
        for one in known
        if one.kind == DATA_INCIDENT and one.resolved_on is None
    }
    opened, kept = [], []
    for outage in sorted(outages, key=lambda one: (one.source, one.feed)):
        before = lasting.pop((outage.source, outage.feed), None)
        accounts = {*outage.accounts, *(before.everyone if before else ())}
        update = {"last_on": day, "accounts": {outage.feed: tuple(sorted(accounts))}}
        if before:
            kept.append(before.model_copy(update=update))
            continue
        opened.append(
            Incident(
                incident_id=f"{DATA_INCIDENT}:{outage.source}:{outage.feed}:{day}",
                kind=DATA_INCIDENT,
                source=outage.source,
                feed=outage.feed,
                opened_on=day,
                why=outage.why,
                **update,
            )
        )
    ended = [one.model_copy(update={"resolved_on": day}) for one in lasting.values()]
    return Steps(opened=tuple(opened), kept=tuple(kept), resolved=tuple(ended))


def believed_out(
    known: Iterable[Incident], outages: Iterable[Outage], day: date, rules: Gates
) -> list[Outage]:
    """The outages of `day`, and those that ended less than `echo_days` ago, with their accounts."""
    found = list(outages)
    for one in known:
        if one.kind != DATA_INCIDENT or one.last_on == day:
            continue
        if day - one.last_on <= _days(rules.echo_days):
            accounts = frozenset(one.everyone)
            found.append(Outage(one.source, one.feed, accounts, one.opened_on, one.why))
    return found


def echoes(known: Iterable[Incident], day: date, rules: Gates) -> bool:
    """Whether an outage lasts on `day`, or did less than `echo_days` ago."""
    return any(
        one.kind == DATA_INCIDENT
        and (one.resolved_on is None or day - one.last_on <= _days(rules.echo_days))
        for one in known
    )


def open_groups(known: Iterable[Incident], day: date, rules: Gates) -> dict[str, OpenGroup]:
    """Feed → the group of an earlier day that further changes still join."""
    found: dict[str, OpenGroup] = {}
    for one in known:
        if one.kind == GROUP and one.opened_on < day and _is_joined(one, day, rules):
            fresh = day - one.opened_on <= _days(TIER_DAYS)
            tiers = one.possible_data_fault or fresh
            found[one.feed] = OpenGroup(one.tripped[0], frozenset(one.everyone), tiers)
    return found


def _days(count: int) -> timedelta:
    return timedelta(days=count)


def _is_joined(group: Incident, day: date, rules: Gates) -> bool:
    """Whether changes join a group on `day`: while it lasts; a fault of the data has an echo."""
    age = day - group.opened_on
    if group.possible_data_fault and age <= _days(rules.echo_days):
        return True
    return group.resolved_on in (None, day) and age <= _days(rules.join_days)


def groups(
    known: Sequence[Incident],
    held: pl.DataFrame,
    trips: Sequence[Trip],
    fresh: Mapping[str, frozenset[str]],
    day: date,
    rules: Gates,
) -> Steps:
    """The group alerts after `day`.

    Args:
        known: incidents so far.
        held: the changes of the day that a breaker holds back: `account_id`, `signal`, `to_state`,
            `gate`, `feed`.
        trips: the breakers of the day.
        fresh: feed → accounts of whom it told something on the day. A feed that is not named here
            is not known to be well.
        day: the day.
        rules: `join_days`.

    Returns:
        `possible_data_fault` where most of the accounts have no fresh data, or can no longer be
        measured; a mass of accounts of whom the source goes on telling is what it looks like.
    """
    opened, grown = [], []
    for (feed,), rows in sorted(held.partition_by("feed", as_dict=True).items()):
        before = [
            one
            for one in known
            if one.kind == GROUP and one.feed == feed and _is_joined(one, day, rules)
        ]
        if not before:
            opened.append(_opened(str(feed), rows, trips, fresh, day))
        elif (later := _grown(before[0], _members(rows), day)) is not None:
            grown.append(later)
    return Steps(opened=tuple(opened), grown=tuple(grown))


def _grown(group: Incident, members: Mapping[str, tuple[str, ...]], day: date) -> Incident | None:
    """`group` with what joined it; None where nothing did."""
    merged = {
        driver: tuple(sorted({*group.accounts.get(driver, ()), *members.get(driver, ())}))
        for driver in sorted({*group.accounts, *members})
    }
    if merged == group.accounts:
        return None
    return group.model_copy(update={"last_on": day, "accounts": merged})


def _opened(
    feed: str,
    rows: pl.DataFrame,
    trips: Sequence[Trip],
    fresh: Mapping[str, frozenset[str]],
    day: date,
) -> Incident:
    """A new group of the changes `rows` of one feed."""
    everyone = set(rows["account_id"])
    unmeasured = rows.filter(pl.col("to_state") == "unknown")["account_id"].n_unique()
    stale = len(everyone - fresh.get(feed, frozenset()))
    by = [trip for trip in trips if f"{BREAKER}{trip.signal}" in set(rows["gate"])]
    why = "; ".join(
        f"{trip.signal}: {trip.changes} into {trip.direction}, usual is up to {trip.limit:.0f}"
        for trip in by
    )
    return Incident(
        incident_id=f"{GROUP}:{feed}:{day}",
        kind=GROUP,
        source=feed,
        feed=feed,
        opened_on=day,
        last_on=day,
        accounts=_members(rows),
        tripped=tuple(trip.signal for trip in by),
        possible_data_fault=2 * max(stale, unmeasured) > len(everyone),
        why=why,
    )


def _members(rows: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    drivers = rows.group_by("signal").agg(pl.col("account_id").unique().sort()).sort("signal")
    return {driver: tuple(accounts) for driver, accounts in drivers.iter_rows()}


def calm(known: Iterable[Incident], still: Mapping[str, frozenset[str]], share: float) -> list[str]:
    """Ids of the group alerts that are over.

    Args:
        known: incidents so far.
        still: incident_id → accounts any of whose drivers is still at risk or unknown.
        share: `Gates.calm_share`.
    """
    return [
        one.incident_id
        for one in known
        if one.kind == GROUP
        and one.resolved_on is None
        and len(still.get(one.incident_id, frozenset())) <= share * len(one.everyone)
    ]


def still_bad(incidents: Sequence[Incident], states: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Incident → its accounts of which a driver is still at risk or not measured."""
    bad = states.filter(pl.col("state").is_in(["risk", "red", "unknown"]))
    pairs = set(bad.select("signal", "account_id").iter_rows())
    return {
        one.incident_id: frozenset(
            account
            for driver, accounts in one.accounts.items()
            for account in accounts
            if (driver, account) in pairs
        )
        for one in incidents
        if one.kind == GROUP
    }
