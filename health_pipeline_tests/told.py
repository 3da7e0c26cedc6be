"""Messages for tests: a plain one, to be varied."""

from __future__ import annotations

from datetime import UTC, date, datetime

from health_pipeline.adapters.channels.result import SendResult
from health_pipeline.core.schemas.messages import Link, Message, MessageAlert

OPENED = datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC)

ALERT = MessageAlert(
    alert_id="alert1",
    account_id="acc_1",
    account="Acme Ltd",
    signal="seats_active_7d",
    reason_code="seats_inactive",
    from_state="watch",
    to_state="risk",
    sentence="33% of the seats were active in 7 days, from 61% four weeks ago",
    score=43.21,
    tier="red",
    arr=120_000.0,
    play="Bring the seats back",
    play_id="play1",
    play_due=date(2026, 3, 12),
    owner_email="ann@us.example",
)

MESSAGE = Message(
    key="acc_1:seats:e1:risk:t1:ops",
    dedup_key="acc_1:seats:e1",
    channel="ops",
    kind="driver",
    action="trigger",
    severity="warning",
    title="Acme Ltd: seats_active_7d is at risk",
    text="",
    alerts=(ALERT,),
    links=(
        Link(text="report", href="https://health.example/report/acc_1"),
        Link(text="runbook", href="https://health.example/runbooks/driver"),
    ),
    runbook="driver",
    route="owner",
    recipient="owner:ann@us.example",
    to=("ann@us.example",),
    opened_at=OPENED,
)


def message(**changes: object) -> Message:
    """`MESSAGE` with some of its fields changed."""
    return MESSAGE.model_copy(update=changes)


def alert(**changes: object) -> MessageAlert:
    """`ALERT` with some of its fields changed."""
    return ALERT.model_copy(update=changes)


def kind_of(result: SendResult) -> str:
    """What an attempt came to, in a word; it is never two things at once."""
    said = {
        "ok": result.ok,
        "final": result.final,
        "in doubt": result.in_doubt,
        "throttled": result.throttled,
    }
    found = [word for word, holds in said.items() if holds] or ["failed"]
    assert len(found) == 1, found
    return found[0]
