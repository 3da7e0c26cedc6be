"""One evaluation of the latest day: from what is published and remembered to what is told (R92).

Level-triggered: the same day evaluated again, by whomever, decides nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import polars as pl

from health_pipeline.core.alerts.compose import (
    Desk,
    account_messages,
    again,
    ended,
)
from health_pipeline.core.alerts.compose_many import incident_facts, incident_messages
from health_pipeline.core.alerts.entries import AT_RISK, entries, late_changes, listed, words_of
from health_pipeline.core.alerts.force import InForce, silenced_by
from health_pipeline.core.alerts.gates import Outage, gated
from health_pipeline.core.alerts.holding import held_back, inhibited_still
from health_pipeline.core.alerts.incidents import (
    GROUP,
    Incident,
    believed_out,
    calm,
    data_incidents,
    groups,
    open_groups,
    still_bad,
)
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.alerts.seen import Memory, News, Outcome
from health_pipeline.core.alerts.tell import (
    TOLD,
    alerts_for,
    before_gates,
    decisions,
)
from health_pipeline.core.schemas.messages import Message
from health_pipeline.core.schemas.time import end_of


@dataclass(slots=True)
class _Sheet:
    """What is collected on the way."""

    alerts: dict[str, InForce] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)


def evaluate_day(news: News, memory: Memory, rules: AlertRules, ready: frozenset[str]) -> Outcome:
    """Decide about every change of the day, about what is in force, and about the incidents.

    `ready`: the channels that can be told; what no channel takes is decided anew next time.
    """
    desk, sheet = Desk(rules, ready, news.now), _Sheet()
    news = _with_released(news, memory, rules, sheet)
    outages = believed_out(memory.incidents, news.outages, news.day, rules.gates)
    decided, held = _decided(news, memory, rules, outages, sheet)
    told_before = {one.row.transition_id for one in memory.alerts if one.told_at is not None}
    decided = decided.with_columns(
        decision=pl.when(pl.col("transition_id").is_in(list(told_before)))
        .then(pl.lit(TOLD))
        .otherwise(pl.col("decision"))
    )
    is_news = news.now - end_of(news.day) < timedelta(hours=rules.max_age_hours)
    _tell_incidents(news, memory, desk, sheet, held, is_news=is_news)
    decided = _tell_accounts(news, memory, desk, sheet, decided, told_before)
    _end_and_repeat(news, memory, desk, sheet, is_news=is_news)
    return Outcome(
        decided,
        tuple(sheet.alerts[one] for one in sorted(sheet.alerts)),
        tuple(sheet.incidents[one] for one in sorted(sheet.incidents)),
        tuple(sheet.messages),
    )


def _with_released(news: News, memory: Memory, rules: AlertRules, sheet: _Sheet) -> News:
    """`news` with what was held back and is at risk still; the rest of it ends untold."""
    states = {(account, signal): state for account, signal, state in news.states.iter_rows()}
    for one in memory.held:
        if states.get((one.row.account_id, one.row.signal)) not in (*AT_RISK, "unknown"):
            end = one.model_copy(update={"status": "resolved", "resolved_on": news.day})
            sheet.alerts[one.row.alert_id] = end
    waiting = inhibited_still(memory.held, memory.alerts, rules.inhibit, news.now.date())
    still = [
        one
        for one in memory.held
        if states.get((one.row.account_id, one.row.signal)) in AT_RISK
        and one.row.alert_id not in {*sheet.alerts, *waiting}
    ]
    if not still:
        return news
    return replace(news, changes=pl.concat([news.changes, late_changes(still, news.day)]))


def _decided(
    news: News, memory: Memory, rules: AlertRules, outages: Sequence[Outage], sheet: _Sheet
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The changes with `decision` and `gate`, and those that a breaker holds back."""
    beside = replace(news.beside, open_risks=_open_risks(memory, news.day))
    looked = before_gates(news.changes, rules, news.now, news.day, beside)
    asked = looked.filter(pl.col("decision").is_null())
    found = gated(
        asked,
        news.reads,
        outages,
        news.history,
        news.history_days,
        news.people.height,
        rules.gates,
        open_groups(memory.incidents, news.day, rules.gates),
    )
    gates = found.changes.select("transition_id", "gate", "feed")
    whole = looked.join(gates, on="transition_id", how="left", maintain_order="left")
    decided = decisions(whole, rules, beside)
    held = decided.filter(
        pl.col("feed").is_not_null()
        & (pl.col("decision") == pl.col("gate"))
        & pl.col("to_state").is_in([*AT_RISK, "unknown"])
    )
    steps = groups(memory.incidents, held, found.trips, news.fresh, news.day, rules.gates)
    for one in (*steps.opened, *steps.grown):
        sheet.incidents[one.incident_id] = one
    return decided, held


def _open_risks(memory: Memory, day: date) -> pl.DataFrame:
    """`account_id`, `signal` of what somebody was told of, and what was in force until `day`."""
    pairs = [
        (one.row.account_id, one.row.signal)
        for one in memory.alerts
        if one.is_in_force or (one.told_at is not None and one.resolved_on == day)
    ]
    schema = {"account_id": pl.String, "signal": pl.String}
    return pl.DataFrame(pairs, schema=schema, orient="row")


def _tell_incidents(
    news: News,
    memory: Memory,
    desk: Desk,
    sheet: _Sheet,
    held: pl.DataFrame,
    *,
    is_news: bool,
) -> None:
    """Open, grow and end incidents; history tells nobody, but is noted all the same."""
    at, grown = end_of(news.day), list(sheet.incidents.values())
    data = data_incidents(memory.incidents, news.outages, news.day)
    for one in (*data.opened, *data.kept, *data.resolved):
        sheet.incidents[one.incident_id] = one
    over = calm(
        memory.incidents, still_bad(memory.incidents, news.states), desk.rules.gates.calm_share
    )
    ends = [
        one.model_copy(update={"resolved_on": news.day})
        for one in memory.incidents
        # What grew today, in this evaluation or in one before it, does not end today.
        if one.incident_id in over
        and one.incident_id not in sheet.incidents
        and one.last_on < news.day
    ]
    for one in ends:
        sheet.incidents[one.incident_id] = one
    if not is_news:
        return
    people = {row["account_id"]: row for row in news.people.iter_rows(named=True)} if grown else {}
    words = words_of(held)
    sizes = {one.incident_id: len(one.everyone) for one in memory.incidents}
    for one in (*data.opened, *grown):
        if len(one.everyone) <= sizes.get(one.incident_id, -1):
            continue
        if silenced_by(incident_facts(one), memory.silences, news.now.date()):
            continue
        alerts = listed(one, people, words) if one.kind == GROUP else []
        sheet.messages += incident_messages(one, "trigger", alerts, desk, at)
    for one in (*data.resolved, *ends):
        if not silenced_by(incident_facts(one), memory.silences, news.now.date()):
            sheet.messages += incident_messages(one, "resolve", [], desk, at)


def _tell_accounts(
    news: News,
    memory: Memory,
    desk: Desk,
    sheet: _Sheet,
    decided: pl.DataFrame,
    told_before: set[str],
) -> pl.DataFrame:
    """Alerts of the day, and their messages; gives `decided` with silences and inhibitions."""
    fresh = decided.filter(~pl.col("transition_id").is_in(list(told_before)))
    rows = alerts_for(
        fresh, news.reasons, news.plays, news.people, news.executive_from_arr, desk.rules
    )
    alerts = entries(rows, news.people, news.plays, news.reads, news.day)
    held = held_back(alerts, memory.alerts, memory.silences, desk.rules.inhibit, news.now.date())
    alerts = [
        one.model_copy(
            update={
                "status": "suppressed",
                "row": one.row.model_copy(update={"suppressed_by": held[one.row.alert_id]}),
            }
        )
        if one.row.alert_id in held
        else one
        for one in alerts
    ]
    threads = {one.row.account_id: one.thread for one in memory.alerts if one.is_in_force}
    messages, told = account_messages(
        [one for one in alerts if one.status != "suppressed"], threads, desk
    )
    sheet.messages += messages
    reached = {one.row.alert_id: one for one in told if one.via}
    for one in alerts:
        if one.status == "suppressed":
            sheet.alerts[one.row.alert_id] = one
    sheet.alerts |= reached
    words = {
        one.row.transition_id: one.row.suppressed_by or "no_channel"
        for one in alerts
        if one.row.alert_id not in reached
    }
    said = pl.DataFrame(
        {"transition_id": list(words), "said": list(words.values())},
        schema={"transition_id": pl.String, "said": pl.String},
    )
    return decided.join(said, on="transition_id", how="left", maintain_order="left").with_columns(
        decision=pl.coalesce("said", "decision")
    )


def _end_and_repeat(
    news: News, memory: Memory, desk: Desk, sheet: _Sheet, *, is_news: bool
) -> None:
    """Alerts whose risk is over end, the others are repeated where their route says so."""
    states = {(account, signal): state for account, signal, state in news.states.iter_rows()}
    before = [one for one in memory.alerts if one.is_in_force and one.day <= news.day]
    over = [one for one in before if _is_over(one, states, news.day)]
    lasting = [one for one in before if not _is_over(one, states, news.day)]
    threads = {one.thread for one in (*lasting, *sheet.alerts.values()) if one.is_in_force}
    ends: dict[str, list[InForce]] = {}
    for one in over:
        end = one.model_copy(update={"status": "resolved", "resolved_on": news.day})
        sheet.alerts[one.row.alert_id] = end
        ends.setdefault(one.thread, []).append(end)
    accounts = set(news.people["account_id"])
    for thread, alerts in ends.items():
        if thread not in threads:
            sheet.messages += ended(alerts, accounts, desk)
    for one in lasting if is_news else ():
        if messages := again(one, desk):
            sheet.messages += messages
            more = one.model_copy(update={"repeats": one.repeats + 1})
            sheet.alerts[one.row.alert_id] = more


def _is_over(alert: InForce, states: Mapping[tuple[str, str], str], day: date) -> bool:
    """Whether an alert of an earlier day has its driver at risk no more; unknown says nothing."""
    state = states.get((alert.row.account_id, alert.row.signal))
    return alert.day < day and state not in (*AT_RISK, "unknown")
