"""What an evaluation sees, remembers and decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from health_pipeline.core.alerts.force import InForce, Silenced
from health_pipeline.core.alerts.gates import Outage
from health_pipeline.core.alerts.incidents import Incident
from health_pipeline.core.alerts.tell import Beside
from health_pipeline.core.schemas.messages import Message


@dataclass(frozen=True, slots=True)
class News:
    """What is published of the latest day.

    Attributes:
        day: the day. now: the wall clock.
        changes: `driver_transitions` of the day, and `account_changes`.
        people: `PEOPLE`. reasons, plays: result tables.
        beside: what speaks against telling. executive_from_arr: see `alerts_for`.
        reads: signal → source tables, `usage` for events; the main one first.
        outages: sources that are out. fresh: feed → accounts of whom it told something that day.
        history: `COUNTED` of the days before. history_days: how many of those were published.
        states: `account_id`, `signal`, `state` of the day, at least of what is in force and
            of what was `Memory.held` back.
    """

    day: date
    now: datetime
    changes: pl.DataFrame
    people: pl.DataFrame
    reasons: pl.DataFrame
    plays: pl.DataFrame
    beside: Beside
    reads: Mapping[str, tuple[str, ...]]
    outages: tuple[Outage, ...]
    fresh: Mapping[str, frozenset[str]]
    history: pl.DataFrame
    history_days: int
    states: pl.DataFrame
    executive_from_arr: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What control.db knows of earlier evaluations.

    Attributes:
        held: alerts of risk of earlier days that an outage held back, once no outage echoes any
            more, and those that another alert held back.
        alerts: of this day all; of earlier days those in force, and those that ended on this day.
        incidents: those that last, and those that `echo_days` or `join_days` still reach.
        silences: in effect or not, of alerts.yaml and of the shell.
    """

    alerts: tuple[InForce, ...] = ()
    incidents: tuple[Incident, ...] = ()
    silences: tuple[Silenced, ...] = ()
    held: tuple[InForce, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation decided; to be written in one transaction.

    Attributes:
        decided: the changes with `decision`. alerts: new and changed ones.
        incidents: new and changed ones. messages: to be queued.
    """

    decided: pl.DataFrame
    alerts: tuple[InForce, ...] = ()
    incidents: tuple[Incident, ...] = ()
    messages: tuple[Message, ...] = ()
