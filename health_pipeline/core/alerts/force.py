"""Alerts in force, as control.db keeps them from their first day to their end."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from health_pipeline.core.alerts.routes import Facts, Match
from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.messages import MessageAlert

Status = Literal["open", "acknowledged", "resolved", "suppressed", "told"]


class Via(Frozen):
    """One way by which somebody was told: what repeats and ends take again."""

    route: str
    channel: str
    recipient: str
    to: tuple[str, ...] = ()
    time_zone: str = "UTC"
    send_resolved: bool = False
    repeat_hours: int | None = None


class AlertRow(Frozen):
    """One row of `RESULT_TABLES["alerts"]`, but for its status."""

    alert_id: str
    dedup_key: str
    account_id: str
    kind: str
    from_state: str | None
    to_state: str
    severity: Literal["critical", "error", "warning", "info"]
    route: str
    opened_at: datetime
    group_id: str
    suppressed_by: str | None
    transition_id: str
    play_id: str | None
    owner_email: str | None
    sentence: str
    model_version: str | None
    signal: str
    reason_code: str | None


class InForce(Frozen):
    """One alert.

    Attributes:
        row: as the table shows it. alert: as messages show it. facts: what matchers compare.
        day: of the change. status: `open` until acknowledged or resolved, where somebody acts on
            it; `told` where it was news only; `suppressed` with its reason in `row`.
        thread: the key that its messages share; empty where none was sent. via: how.
        told_at: first message. repeats: how often it was told again.
        resolved_on: day on which it was no longer so.
        acked_by, acked_why: who took it, and what they said.
    """

    row: AlertRow
    alert: MessageAlert
    facts: Facts
    day: date
    status: Status
    thread: str = ""
    via: tuple[Via, ...] = ()
    told_at: datetime | None = None
    repeats: int = 0
    resolved_on: date | None = None
    acked_by: str | None = None
    acked_why: str | None = None

    @property
    def is_in_force(self) -> bool:
        """Told, and still so."""
        return self.status in ("open", "acknowledged")


class Silenced(Frozen):
    """One silence in effect, of alerts.yaml or of the shell."""

    silence_id: str
    match: Match
    since: date
    until: date


def silenced_by(facts: Facts, silences: tuple[Silenced, ...], day: date) -> str | None:
    """The reason `silence:ID` of the first silence that takes these facts on `day`."""
    for one in silences:
        if one.since <= day <= one.until and one.match.takes(facts):
            return f"silence:{one.silence_id}"
    return None
