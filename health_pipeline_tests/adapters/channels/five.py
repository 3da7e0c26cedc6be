"""The five messages that every channel is shown to render, with names that mean harm."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from health_pipeline.core.schemas.messages import Link, Message
from health_pipeline_tests.told import OPENED, alert, message

NAMES = (
    "<script>alert('x')</script> & Sons <!channel>",
    "**Bold** [click](https://evil.example) `code` _under_ ~~gone~~ :fire: <at>everyone</at>",
    "Emoji 👩‍🚀 Ltd 🚀🇩🇪",
    "شركة الاختبار",
    "Turned \u202egnp.exe",
    "Lines\r\nBcc: all@evil.example\x1b[2J",
    "A name of 500 characters " + "x" * 475,
)
NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)


def _many(count: int):
    return tuple(
        alert(
            alert_id=f"alert{n}",
            account_id=f"acc_{n:03}",
            account=NAMES[n] if n < len(NAMES) else f"Customer {n:03} GmbH",
            score=40.0 + n % 20,
            arr=500_000.0 - 1_000 * n,
        )
        for n in range(count)
    )


FIVE: dict[str, Message] = {
    "driver": message(
        title=f"{NAMES[0]}: seats_active_7d is at risk",
        alerts=(alert(account=NAMES[0]),),
        timezone="Europe/Berlin",
    ),
    "group": message(
        key="group:seats:2026-03-10:ops",
        dedup_key="group:seats:2026-03-10",
        kind="group",
        severity="error",
        title="seats_active_7d: 300 accounts are at risk on 2026-03-10",
        text="8.1 % of the accounts changed at once.\nUsual on such a day: 3.",
        alerts=_many(300),
        possible_data_fault=True,
        runbook="group",
        recipient="manager:meg@us.example",
        to=("meg@us.example",),
    ),
    "data_incident": message(
        key="data:product:2026-03-10:ops",
        dedup_key="data:product:2026-03-10",
        kind="data_incident",
        severity="critical",
        title="product delivered nothing on 2026-03-10",
        text="Last complete day: 2026-03-09.\n10,000 of 10,000 accounts are silent.",
        alerts=(),
        links=(Link(text="run", href="https://health.example/runs/7f2?a=1&b=<2>"),),
        runbook="data_incident",
        route="data",
        recipient="data_owner",
        to=("data@us.example",),
        opened_at=OPENED + timedelta(hours=1),
    ),
    "resolve": message(
        key="data:product:2026-03-10:ops:resolve",
        dedup_key="data:product:2026-03-10",
        kind="data_incident",
        action="resolve",
        severity="info",
        title="product delivers again since 2026-03-13",
        text="Three days were late.",
        alerts=(),
        links=(),
        runbook="data_incident",
        route="data",
        recipient="data_owner",
        to=("data@us.example",),
    ),
    "digest": message(
        key="digest:ann@us.example:2026-03-10:ops",
        dedup_key="digest:ann@us.example:2026-03-10",
        kind="digest",
        action="info",
        severity="info",
        title="7 changes on 2026-03-10",
        text="4 went to watch, 3 recovered.",
        alerts=tuple(
            one.model_copy(
                update={
                    "to_state": "watch",
                    "from_state": "healthy",
                    "play": None,
                    "play_due": date(2026, 3, 12),
                    "score": None if n == 2 else 70.0,
                    "tier": "yellow",
                    "arr": None if n == 3 else one.arr,
                    "reason_code": None,
                }
            )
            for n, one in enumerate(_many(7))
        ),
        runbook="digest",
        route="digest",
    ),
}
