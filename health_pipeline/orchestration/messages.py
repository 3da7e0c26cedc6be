"""Alerts as messages: one for each open alert and ready channel."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from health_pipeline.adapters.channels.channel import Channels
from health_pipeline.core.schemas.messages import Message, MessageAlert

RUNBOOK = "driver"


def messages_of(alerts: pl.DataFrame, people: pl.DataFrame, channels: Channels) -> list[Message]:
    """The messages of open alerts, in the order of their changes.

    Args:
        alerts: `RESULT_TABLES["alerts"]`; suppressed ones are not told.
        people: account_id, name, arr.
        channels: those that are ready are told.
    """
    known = people.select("account_id", "name", "arr").unique("account_id", keep="any")
    rows = (
        alerts.filter(pl.col("status") == "open")
        .join(known, on="account_id", how="left")
        .sort("opened_at", "transition_id")
    )
    return [
        message
        for row in rows.iter_rows(named=True)
        for message in _messages(row, sorted(channels.ready))
    ]


def _messages(row: dict[str, Any], channels: list[str]) -> Iterator[Message]:
    name = row["name"] or row["account_id"]
    alert = MessageAlert(
        alert_id=row["alert_id"],
        account_id=row["account_id"],
        account=name,
        signal=None,
        reason_code=None,
        from_state=row["from_state"],
        to_state=row["to_state"],
        sentence=row["sentence"].removeprefix(f"{name}: "),
        score=None,
        tier=None,
        arr=row["arr"],
        play=row["play_id"],
        play_id=row["play_id"],
        play_due=None,
        owner_email=row["owner_email"],
    )
    for channel in channels:
        yield Message(
            key=f"{row['dedup_key']}:{row['to_state']}:{row['transition_id']}:{channel}",
            dedup_key=row["dedup_key"],
            channel=channel,
            kind=row["kind"],
            action="trigger" if row["to_state"] == "risk" else "info",
            severity=row["severity"],
            title=row["sentence"],
            text="",
            alerts=(alert,),
            links=(),
            runbook=RUNBOOK,
            route=row["route"].partition(":")[0],
            recipient=row["route"],
            to=(row["owner_email"],) if row["owner_email"] else (),
            opened_at=row["opened_at"],
        )
