"""Which transitions are told, and why the others are not (R90, R92, R13)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from health_pipeline.core.alerts.episodes import is_reopening
from health_pipeline.core.alerts.gates import BREAKER, NOTICE, OUTAGE, TIER
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.alerts.recipients import recipient
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of
from health_pipeline.core.schemas.words import score_words

TOLD = "told"
MUTED = "muted"
COUNTERWEIGHT = "counterweight:"
SILENT = "silent"
KEPT = (TOLD, MUTED)
KEPT_AS = (COUNTERWEIGHT, OUTAGE, BREAKER)
"""Decisions of which an alert is kept: told, or suppressed with its reason."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What speaks against telling a change, beside the change itself.

    Attributes:
        muted: `account_id`, `why` (kind of the counterweight: expansion, multi_year_renewal) of
            the accounts whose success mutes alarms (R13); None: nobody.
        by_hand: account_ids that a person has muted (overrides.yaml).
        new_model: the model changed less than `confirm_days` ago. facts: signals that act at once
            and are measured as before, which are told of all the same where the value has moved.
        restated: accounts that a merge or split has just made of other records.
        open_risks: `account_id`, `signal` of the alerts in force that somebody was told of; None:
            not known, every recovery is told.
    """

    muted: pl.DataFrame | None = None
    by_hand: Collection[str] = ()
    new_model: bool = False
    facts: Collection[str] = ()
    restated: Collection[str] = ()
    open_risks: pl.DataFrame | None = None


def before_gates(
    transitions: pl.DataFrame, rules: AlertRules, now: datetime, latest_day: date, beside: Beside
) -> pl.DataFrame:
    """`transitions` with `decision`: the first reason that speaks against any look at the change.

    Null where none does: `silent`, `too_old`, `model_change`, `restated`. The
    gates look at what is left, and at losses of measurement among the `silent`.
    """
    too_old = now - end_of(latest_day) >= timedelta(hours=rules.max_age_hours)
    moved = pl.col("value_before").ne_missing(pl.col("value_after"))
    fact = pl.col("signal").is_in(list(beside.facts)) & moved
    decision = (
        pl.when(pl.lit(too_old))
        .then(pl.lit("too_old"))
        .when(pl.lit(beside.new_model) & ~fact)
        .then(pl.lit("model_change"))
        .when(pl.col("account_id").is_in(list(beside.restated)))
        .then(pl.lit("restated"))
    )
    return transitions.with_columns(
        decision=pl.when(pl.col("silent") & (pl.col("to_state") != "unknown"))
        .then(pl.lit(SILENT))
        .otherwise(decision)
    )


def decisions(decided: pl.DataFrame, rules: AlertRules, beside: Beside) -> pl.DataFrame:
    """`decided` with every `decision`: `told`, or the first reason that speaks against telling.

    Args:
        decided: of `before_gates`, with `gate`: what holds a change back, or null.
        rules: which new states are told.
        beside: see there.

    Returns:
        After the reasons of `before_gates`, in order of precedence: the gate (`outage:SOURCE`,
        `breaker:DRIVER`), `silent`, `state_not_told`, `never_told` (the end of a risk that nobody
        was told of), `muted`, `counterweight:WHY`, `told`.
    """
    muted = beside.muted
    if muted is None:
        muted = pl.DataFrame(schema={"account_id": pl.String(), "why": pl.String()})
    why = muted.group_by("account_id").agg(pl.col("why").min())
    rows = decided.join(why, on="account_id", how="left", maintain_order="left")
    decision = (
        pl.when(pl.col("decision").is_not_null())
        .then(pl.col("decision"))
        .when(pl.col("gate").is_not_null() & (_is_told(rules) | (pl.col("to_state") == "unknown")))
        .then(pl.col("gate"))
        .when(pl.col("silent"))
        .then(pl.lit(SILENT))
        .when(~_is_told(rules))
        .then(pl.lit("state_not_told"))
        .when(_never_told(rows, beside.open_risks))
        .then(pl.lit("never_told"))
        .when(pl.col("account_id").is_in(list(beside.by_hand)))
        .then(pl.lit(MUTED))
        .when(pl.col("why").is_not_null())
        .then(pl.format(f"{COUNTERWEIGHT}{{}}", pl.col("why")))
        .otherwise(pl.lit(TOLD))
    )
    return rows.with_columns(decision=decision)


def _is_told(rules: AlertRules) -> pl.Expr:
    told = [*rules.notify, *(["red"] if rules.tell_red else [])]
    if rules.tell_red and "healthy" in rules.notify:
        told += ["yellow", "green"]
    return pl.col("to_state").is_in(told)


def _never_told(rows: pl.DataFrame, open_risks: pl.DataFrame | None) -> pl.Series:
    """Where a change is the end of a risk, and no alert of that risk is in force."""
    if open_risks is None:
        return pl.Series([False] * rows.height, dtype=pl.Boolean)
    known = open_risks.select("account_id", "signal").unique().with_columns(known=pl.lit(True))
    joined = rows.select("account_id", "signal", "from_state", "to_state").join(
        known, on=["account_id", "signal"], how="left", maintain_order="left"
    )
    calm = pl.col("to_state").is_in(["healthy", "green"]) & (pl.col("from_state") == "unknown")
    risk = pl.col("from_state").is_in(["risk", "red"])
    return joined.select((calm | risk) & pl.col("known").is_null()).to_series()


def alerts_for(
    decided: pl.DataFrame,
    reasons: pl.DataFrame,
    plays: pl.DataFrame,
    accounts: pl.DataFrame,
    executive_from_arr: float | None = None,
    rules: AlertRules | None = None,
) -> pl.DataFrame:
    """One alert for each transition that is told, or held back by a gate, person or success.

    Args:
        decided: `decisions(…)`.
        reasons: `RESULT_TABLES["reason_codes"]` of the latest day, for the sentence.
        plays: `RESULT_TABLES["plays"]`, for the play that is running.
        accounts: `account_id`, `name`, `owner_email`, `exec_email`, `arr` on the latest day.
        executive_from_arr: from this ARR on an executive is told of risk (R90); None: never.
        rules: people, for who takes whose place.

    Returns:
        `RESULT_TABLES["alerts"]`. `dedup_key` is account:signal:episode, so a reopening within the
        episode has the key of its first alert, with kind `driver_reopened`. `status` is `open`, or
        `suppressed` with its reason in `suppressed_by`. `group_id` is shared by the alerts of one
        account and day, and by all that one breaker holds back. `route` is `owner:EMAIL`,
        `executive:EMAIL`, `manager:EMAIL` or `unowned`.
    """
    decision = pl.col("decision")
    kept = decision.is_in(KEPT) | pl.any_horizontal(
        decision.str.starts_with(prefix) for prefix in KEPT_AS
    )
    gated = decision.str.starts_with(OUTAGE) | decision.str.starts_with(BREAKER)
    told = decided.filter(kept & (~gated | pl.col("to_state").is_in(["risk", "red"])))
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
    table, rules = RESULT_TABLES["alerts"], rules or AlertRules()
    alerts = [_alert(row, executive_from_arr, rules) for row in rows.iter_rows(named=True)]
    return table.conform(pl.DataFrame(alerts, schema=table.columns, orient="row"))


def _alert(
    row: dict[str, Any], executive_from_arr: float | None, rules: AlertRules
) -> dict[str, Any]:
    """One row of `RESULT_TABLES["alerts"]`."""
    account, signal, day, episode = (
        row[name] for name in ("account_id", "signal", "date", "episode_id")
    )
    is_risk = row["to_state"] in ("risk", "red")
    least, arr = executive_from_arr, row["arr"]
    is_high = is_risk and least is not None and arr is not None and arr >= least
    again = (
        row["to_state"] == "risk"
        and row["from_state"] is not None
        and is_reopening(account, signal, day, episode)
    )
    told, feed = row["decision"] == TOLD, row.get("feed")
    to = "executive" if is_high else "owner"
    kind = "account" if signal in (TIER, NOTICE) else "driver_reopened" if again else "driver"
    words = row["sentence"] or _plain(row)
    return {
        "alert_id": stable_id("alert", row["transition_id"]),
        # Outside of an episode (watch, say) nothing recurs, and each transition is its own key.
        "dedup_key": f"{account}:{signal}:{episode or row['transition_id']}",
        "account_id": account,
        "kind": kind,
        "from_state": row["from_state"],
        "to_state": row["to_state"],
        "severity": "critical" if is_high else "warning" if is_risk else "info",
        "route": recipient(to, row["owner_email"], row["exec_email"], rules).name,
        "opened_at": row["at"],
        "group_id": stable_id("group", feed or account, day),
        "status": "open" if told else "suppressed",
        "suppressed_by": None if told else row["decision"],
        "transition_id": row["transition_id"],
        "play_id": row["play_id"],
        "owner_email": row["owner_email"],
        "sentence": f"{row['name'] or account}: {words}",
        "model_version": row["model_version"],
        "signal": signal,
        "reason_code": row["reason_code"],
    }


def _plain(row: dict[str, Any]) -> str:
    """What changed, for a driver that is too small to be among the day's reasons."""
    if row["from_state"] is None:
        what = "" if row["signal"] == TIER else f"{row['signal']} "
        return f"{what}is still at {row['to_state']}, which was held back until now"
    if row["signal"] == TIER:
        why = f" ({row['reason_code']})" if row["reason_code"] else ""
        before, after = row["value_before"], row["value_after"]
        known = before is not None and after is not None
        score = f", score {score_words(before)} to {score_words(after)}" if known else ""
        return f"went from {row['from_state']} to {row['to_state']}{score}{why}"
    if row["signal"] == NOTICE:
        return "has given notice of cancellation"
    before, after = (_figure(row[name]) for name in ("value_before", "value_after"))
    change = f"{row['signal']} went from {row['from_state']} to {row['to_state']}"
    return f"{change} (value {after}, before {before})"


def _figure(value: float | None) -> str:
    """Four digits, or a whole number where it has more; no exponent."""
    if value is None:
        return "unknown"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{round(value, 4) + 0.0:.4g}"
