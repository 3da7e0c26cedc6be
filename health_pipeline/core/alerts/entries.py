"""From rows of `alerts` and incidents to what messages show and matchers compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from health_pipeline.core.alerts.force import AlertRow, InForce
from health_pipeline.core.alerts.incidents import Incident
from health_pipeline.core.alerts.routes import Facts
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.messages import MessageAlert
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of

AT_RISK = ("risk", "red")
PEOPLE: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "name": pl.String(),
    "owner_email": pl.String(),
    "exec_email": pl.String(),
    "arr": pl.Float64(),
    "plan": pl.String(),
    "region": pl.String(),
    "segment": pl.String(),
    "tier": pl.String(),
    "score": pl.Float64(),
}
"""What is known of the accounts of the day, one row each."""


def entries(
    rows: pl.DataFrame,
    people: pl.DataFrame,
    plays: pl.DataFrame,
    reads: Mapping[str, tuple[str, ...]],
    day: date,
) -> list[InForce]:
    """The alerts of `rows` with what matchers and messages know of their accounts.

    Args:
        rows: `RESULT_TABLES["alerts"]` of `day`.
        people: `PEOPLE`.
        plays: `RESULT_TABLES["plays"]`.
        reads: signal → source tables.
        day: the day.
    """
    wanted = people.join(rows.select("account_id"), on="account_id", how="semi")
    known = {row["account_id"]: row for row in wanted.iter_rows(named=True)}
    running = plays.join(rows.select("play_id"), on="play_id", how="semi")
    by_id = {row["play_id"]: row for row in running.iter_rows(named=True)}
    return [
        _entry(row, known.get(row["account_id"], {}), by_id.get(row["play_id"], {}), reads, day)
        for row in rows.iter_rows(named=True)
    ]


def _entry(
    row: Mapping[str, Any],
    person: Mapping[str, Any],
    play: Mapping[str, Any],
    reads: Mapping[str, tuple[str, ...]],
    day: date,
) -> InForce:
    status, name = row["status"], person.get("name") or row["account_id"]
    if status == "open" and row["to_state"] not in AT_RISK:
        status = "told"
    due = play.get("due_at")
    facts: Facts = {
        "account": row["account_id"],
        "executive": person.get("exec_email"),
        "owner": person.get("owner_email"),
        "source": (reads.get(row["signal"]) or (row["signal"],))[0],
        **{one: person.get(one) for one in ("segment", "tier", "plan", "region", "arr")},
        **{one: row[one] for one in ("signal", "reason_code", "severity", "kind", "to_state")},
    }
    return InForce(
        row=AlertRow(**{key: value for key, value in row.items() if key != "status"}),
        alert=MessageAlert(
            account=name,
            sentence=row["sentence"].removeprefix(f"{name}: "),
            score=person.get("score"),
            tier=person.get("tier"),
            arr=person.get("arr"),
            play=play.get("play"),
            play_due=due.date() if due else None,
            **{
                key: row[key]
                for key in (
                    *("alert_id", "account_id", "signal", "reason_code"),
                    *("from_state", "to_state", "play_id", "owner_email"),
                )
            },
        ),
        facts=facts,
        day=day,
        status=status,
    )


def listed(
    incident: Incident,
    people: Mapping[str, Mapping[str, Any]],
    words: Mapping[str, tuple[str, str]],
) -> list[MessageAlert]:
    """Every account of a group, one entry each."""
    drivers: dict[str, list[str]] = {}
    for name, accounts in sorted(incident.accounts.items()):
        for account in accounts:
            drivers.setdefault(account, []).append(name)
    return [
        _member(incident, account, people.get(account, {}), names, words.get(account))
        for account, names in sorted(drivers.items())
    ]


def _member(
    incident: Incident,
    account: str,
    person: Mapping[str, Any],
    drivers: Sequence[str],
    words: tuple[str, str] | None,
) -> MessageAlert:
    return MessageAlert(
        alert_id=words[1] if words else f"{incident.incident_id}:{account}",
        account_id=account,
        account=person.get("name") or account,
        signal=drivers[0],
        reason_code=None,
        from_state=None,
        to_state=None,
        sentence=words[0] if words else ", ".join(drivers),
        score=person.get("score"),
        tier=person.get("tier"),
        arr=person.get("arr"),
        play=None,
        play_id=None,
        play_due=None,
        owner_email=person.get("owner_email"),
    )


def words_of(held: pl.DataFrame) -> dict[str, tuple[str, str]]:
    """Account → what changed of it, in words, and the alert that is kept of the first change."""
    told = held.sort("account_id", "signal").with_columns(
        words=pl.format("{} {} → {}", "signal", "from_state", "to_state")
    )
    joined = told.group_by("account_id", maintain_order=True).agg(
        pl.col("words").str.join(", "), pl.col("transition_id").first()
    )
    return {
        account: (words, stable_id("alert", first)) for account, words, first in joined.iter_rows()
    }


def late_changes(held: Sequence[InForce], day: date) -> pl.DataFrame:
    """What was held back, as changes of `day`, in the columns of `driver_transitions`."""
    table = RESULT_TABLES["driver_transitions"]
    rows = [
        dict.fromkeys(table.columns)
        | {
            "transition_id": one.row.transition_id,
            "account_id": one.row.account_id,
            "signal": one.row.signal,
            "date": day,
            "to_state": one.row.to_state,
            "at": end_of(day),
            "reason_code": one.row.reason_code,
            "episode_id": one.row.dedup_key.rpartition(":")[2],
            "silent": False,
            "model_version": one.row.model_version,
        }
        for one in held
    ]
    return table.conform(pl.DataFrame(rows, schema=table.columns, orient="row"))
