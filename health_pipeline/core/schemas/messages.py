"""A message: what is told to one recipient, decided by the alert core and rendered by a channel.

Everything in it is plain text; nothing is escaped yet (R110). The outbox stores it as JSON.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from health_pipeline.core.schemas.base import Frozen

Action = Literal["trigger", "resolve", "info"]
"""`trigger` opens a thing at the receiver, `resolve` closes it, `info` opens nothing."""

Severity = Literal["critical", "error", "warning", "info"]
"""The words of PagerDuty's Events API, most severe first."""


class MessageAlert(Frozen):
    """One alert inside of a message, plain text.

    `sentence` holds the figures and not the account's name. `score` is 0 to 100; `arr` is in the
    currency of the accounts; `play_due` is a day in the account's calendar.
    """

    alert_id: str
    account_id: str
    account: str
    signal: str | None
    reason_code: str | None
    from_state: str | None
    to_state: str | None
    sentence: str
    score: float | None
    tier: str | None
    arr: float | None
    play: str | None
    play_id: str | None
    play_due: date | None
    owner_email: str | None


class Link(Frozen):
    """A named address: report, run, runbook."""

    text: str
    href: str


class Message(Frozen):
    """What one channel tells one recipient, once.

    Attributes:
        key: unique; the same content is never queued twice. At most 200 characters.
        dedup_key: what the receiver groups by: trigger and resolve of one thing share it. At most
            255 characters.
        channel: its name in delivery.yaml.
        kind: driver, account, group, data_incident, digest, run_failed, drift, heartbeat,
            unowned, test, …
        title: one line, plain text.
        text: some lines, plain text; may be empty.
        alerts: what the message is about, the most important first.
        links: report, run, runbook.
        runbook: name of a page in docs/runbooks, without .md.
        route: which route of alerts.yaml chose the channel.
        recipient: owner:EMAIL, executive:EMAIL, manager:EMAIL, on_call, data_owner, unowned.
        to: addresses, for channels that need one (email); may be empty.
        possible_data_fault: whether the figures may be the fault of the data.
        opened_at: the moment of the change, with time zone.
        not_before: the outbox does not send earlier: group_wait, quiet hours, digest time.
        not_after: delivered later than this is no use: dead letter with that reason.
        timezone: IANA name, in which times are shown.
    """

    key: str
    dedup_key: str
    channel: str
    kind: str
    action: Action
    severity: Severity
    title: str
    text: str
    alerts: tuple[MessageAlert, ...]
    links: tuple[Link, ...]
    runbook: str
    route: str
    recipient: str
    to: tuple[str, ...]
    possible_data_fault: bool = False
    opened_at: datetime
    not_before: datetime | None = None
    not_after: datetime | None = None
    timezone: str = "UTC"
