"""Which transitions are told, and why the others are not (R90, R92, R13)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from health_pipeline.core.alerts.episodes import is_reopening
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of

TOLD = "told"
MUTED = "muted"
COUNTERWEIGHT = "counterweight:"
UNOWNED = "unowned"


def decisions(
    transitions: pl.DataFrame,
    rules: AlertRules,
    now: datetime,
    latest_day: date,
    muted: pl.DataFrame | None = None,
    by_hand: Collection[str] = (),
) -> pl.DataFrame:
    """`transitions` with `decision`: `told`, or the first reason that speaks against telling.

    Args:
        transitions: `RESULT_TABLES["driver_transitions"]`.
        rules: which new states are told, and how old a day may be.
        now: the wall clock, with time zone.
        latest_day: the latest published day.
        muted: `account_id`, `why` (kind of the counterweight: expansion, multi_year_renewal) of
            the accounts whose success mutes alarms (R13); None: nobody.
        by_hand: account_ids that a person has muted (overrides.yaml).

    Returns:
        In order of precedence `silent` (no real change), `not_latest_day`, `too_old`,
        `state_not_told`, `muted`, `counterweight:WHY`, `told`.
    """
    too_old = now - end_of(latest_day) >= timedelta(hours=rules.max_age_hours)
    if muted is None:
        muted = pl.DataFrame(schema={"account_id": pl.String(), "why": pl.String()})
    why = muted.group_by("account_id").agg(pl.col("why").min())
    decision = (
        pl.when(pl.col("silent"))
        .then(pl.lit("silent"))
        .when(pl.col("date") != latest_day)
        .then(pl.lit("not_latest_day"))
        .when(pl.lit(too_old))
        .then(pl.lit("too_old"))
        .when(~pl.col("to_state").is_in(rules.notify))
        .then(pl.lit("state_not_told"))
        .when(pl.col("account_id").is_in(list(by_hand)))
        .then(pl.lit(MUTED))
        .when(pl.col("why").is_not_null())
        .then(pl.format(f"{COUNTERWEIGHT}{{}}", pl.col("why")))
        .otherwise(pl.lit(TOLD))
    )
    return transitions.join(why, on="account_id", how="left").with_columns(decision=decision)


def alerts_for(
    decided: pl.DataFrame,
    reasons: pl.DataFrame,
    plays: pl.DataFrame,
    accounts: pl.DataFrame,
    executive_from_arr: float | None = None,
) -> pl.DataFrame:
    """One alert for each transition that is told, or muted by a person or a counterweight.

    Args:
        decided: `decisions(…)`.
        reasons: `RESULT_TABLES["reason_codes"]` of the latest day, for the sentence.
        plays: `RESULT_TABLES["plays"]`, for the play that is running.
        accounts: `account_id`, `name`, `owner_email`, `exec_email`, `arr` on the latest day.
        executive_from_arr: from this ARR on an executive is told of risk (R90); None: never.

    Returns:
        `RESULT_TABLES["alerts"]`. `dedup_key` is account:signal:episode, so a reopening within the
        episode has the key of its first alert, with kind `driver_reopened`. `status` is `open`, or
        `suppressed` with its reason in `suppressed_by`. `group_id` is shared by the alerts of one
        account and day. `route` is `owner:EMAIL`, `executive:EMAIL` or `unowned`.
    """
    decision = pl.col("decision")
    told = decided.filter(decision.is_in([TOLD, MUTED]) | decision.str.starts_with(COUNTERWEIGHT))
    days = told["date"].unique().to_list()
    risks = reasons.filter(pl.col("direction") == "risk")
    rows = (
        told.join(
            risks.select("account_id", "date", "signal", "sentence"),
            on=["account_id", "date", "signal"],
            how="left",
        )
        .join(
            running_plays(plays, days).select("account_id", "date", "play_id"),
            on=["account_id", "date"],
            how="left",
        )
        .join(
            accounts.select("account_id", "name", "owner_email", "exec_email", "arr"),
            on="account_id",
            how="left",
        )
    )
    table = RESULT_TABLES["alerts"]
    alerts = [_alert(row, executive_from_arr) for row in rows.iter_rows(named=True)]
    return table.conform(pl.DataFrame(alerts, schema=table.columns, orient="row"))


def _alert(row: dict[str, Any], executive_from_arr: float | None) -> dict[str, Any]:
    """One row of `RESULT_TABLES["alerts"]`."""
    account, signal, day, episode = (
        row[name] for name in ("account_id", "signal", "date", "episode_id")
    )
    is_risk = row["to_state"] == "risk"
    is_high = (
        is_risk
        and executive_from_arr is not None
        and row["arr"] is not None
        and row["arr"] >= executive_from_arr
    )
    again = is_risk and is_reopening(account, signal, day, episode)
    told = row["decision"] == TOLD
    return {
        "alert_id": stable_id("alert", row["transition_id"]),
        # Outside of an episode (watch, say) nothing recurs, and each transition is its own key.
        "dedup_key": f"{account}:{signal}:{episode or row['transition_id']}",
        "account_id": account,
        "kind": "driver_reopened" if again else "driver",
        "from_state": row["from_state"],
        "to_state": row["to_state"],
        "severity": "critical" if is_high else "warning" if is_risk else "info",
        "route": _route(row, is_high=is_high),
        "opened_at": row["at"],
        "group_id": stable_id("group", account, day),
        "status": "open" if told else "suppressed",
        "suppressed_by": None if told else row["decision"],
        "transition_id": row["transition_id"],
        "play_id": row["play_id"],
        "owner_email": row["owner_email"],
        "sentence": f"{row['name'] or account}: {row['sentence'] or _plain(row)}",
        "model_version": row["model_version"],
    }


def _route(row: dict[str, Any], *, is_high: bool) -> str:
    if is_high and row["exec_email"]:
        return f"executive:{row['exec_email']}"
    return f"owner:{row['owner_email']}" if row["owner_email"] else UNOWNED


def _plain(row: dict[str, Any]) -> str:
    """What changed, for a driver that is too small to be among the day's reasons."""
    before, after = (
        "unknown" if row[name] is None else f"{row[name]:.4g}"
        for name in ("value_before", "value_after")
    )
    change = f"{row['signal']} went from {row['from_state']} to {row['to_state']}"
    return f"{change} (value {after}, before {before})"
