"""Renewals and expansions as the CRM tracks them, the plays we ran, and how contracts ended."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from health_pipeline.adapters.sample.health import Rescue
from health_pipeline.adapters.sample.life import Life, Outcome, Term
from health_pipeline.adapters.sample.records import crm_row
from health_pipeline.adapters.sample.tables import frame
from health_pipeline.adapters.sample.window import Floats, Window, at, stream

RENEWAL_NOTES = {
    "good": ("Budget is confirmed for next year.", "Asks for a price on more seats."),
    "fair": ("Wants a usage report before deciding.", "Finance asks for a longer payment term."),
    "poor": ("Considers a smaller package.", "A competitor is in a trial.", "Sponsor is silent."),
}


def _renewal_versions(
    seed: int, life: Life, term: Term, number: int, health: float, plays: list[Rescue]
) -> list[dict[str, Any]]:
    """One renewal: opened 120 days before, perhaps a discount asked for, then won or lost."""
    rng = stream(seed, "renewals", life.account.number, number)
    u, notes = rng.random(5), RENEWAL_NOTES[_tone(health)]
    opened_on = max(term.renews_on - timedelta(days=120), term.starts_on)
    opened = crm_row(life, "opportunity_id", f"opp-{life.account.number:04d}-{number}") | {
        "subscription_id": term.subscription_id,
        "kind": "renewal",
        "opened_on": opened_on,
        "close_on": term.renews_on,
        "amount": term.changes[-1][2],
        "currency": "USD",
        "stage": "open",
        "stage_changed_at": at(opened_on, 9 * 3600),
        "procurement_flag": bool(u[3] < (0.35 if health < -0.3 else 0.08)),
        "note": notes[int(u[0] * len(notes))],
        "known_at": at(opened_on, 9 * 3600),
    }
    versions = [opened]
    asked_on = term.renews_on - timedelta(days=50 + int(u[1] * 30))
    closed_on = _closed_on(life, term)
    in_time = opened_on < asked_on < (closed_on or term.renews_on)
    if in_time and u[2] < (0.5 if health < 0 else 0.12):
        plan = [p for p in plays if p.is_treated and 0 < (asked_on - p.opened_on).days < 90]
        asked = {
            "discount_requested_pct": float(5 * (1 + int(u[4] * 5))),
            "recovery_plan_id": play_id(plan[-1]) if plan else None,
            "known_at": at(asked_on, 13 * 3600),
        }
        versions.append(opened | asked)
    return versions if closed_on is None else _decided(versions, closed_on, lost=term.is_lost)


def _closed_on(life: Life, term: Term) -> date | None:
    """The day of the notice, else of the renewal; None while it is undecided."""
    if term.is_lost:
        return life.notice_on
    return None if term is life.terms[-1] else term.renews_on


def _decided(
    versions: list[dict[str, Any]], closed_on: date, *, lost: bool
) -> list[dict[str, Any]]:
    """Adds the last version; an early loss can come before the renewal was opened."""
    last, when = versions[-1], at(closed_on, 16 * 3600)
    approved = when if last.get("discount_requested_pct") and not lost else None
    closed = {
        "opened_on": min(last["opened_on"], closed_on),
        "closed_on": closed_on,
        "stage": "lost" if lost else "won",
        "stage_changed_at": when,
        "discount_approved_at": approved,
        "known_at": when,
    }
    return [*(v for v in versions if v["known_at"] < when), last | closed]


def _tone(health: float) -> str:
    return "good" if health > 0.5 else "fair" if health > -0.3 else "poor"


def _expansion(life: Life, outcome: Outcome, number: int) -> dict[str, Any]:
    when = at(outcome.occurred_on, 16 * 3600)
    return crm_row(life, "opportunity_id", f"opp-{life.account.number:04d}-x{number}") | {
        "subscription_id": outcome.subscription_id,
        "kind": "expansion",
        "opened_on": outcome.occurred_on - timedelta(days=30),
        "close_on": outcome.occurred_on,
        "closed_on": outcome.occurred_on,
        "amount": outcome.arr_after - outcome.arr_before,
        "currency": "USD",
        "stage": "won",
        "stage_changed_at": when,
        "note": "More seats for a further team.",
        "known_at": when,
    }


def renewals(
    seed: int, window: Window, lives: list[Life], health: Floats, plays: list[Rescue]
) -> pl.DataFrame:
    """Renewal opportunities of annual contracts with their stages, and won expansions."""
    by_account: dict[int, list[Rescue]] = {}
    for play in plays:
        by_account.setdefault(play.account, []).append(play)
    rows: list[dict[str, Any]] = []
    for life in lives:
        account = life.account
        for n, term in enumerate(life.terms if account.term_months > 1 else []):
            day = term.renews_on - timedelta(days=100)
            now = float(health[account.number, window.index(day)])
            own = by_account.get(account.number, [])
            rows += _renewal_versions(seed, life, term, n, now, own)
        grown = [o for o in life.outcomes if o.kind == "expansion"]
        rows += [_expansion(life, outcome, n) for n, outcome in enumerate(grown)]
    return frame("renewals", rows)


def play_id(play: Rescue) -> str:
    """The id of a play as an intervention."""
    return f"play-{play.account:04d}-{play.opened_on:%y%m%d}"


def interventions(lives: list[Life], plays: list[Rescue]) -> pl.DataFrame:
    """Plays as the CRM keeps them: opened, started, completed; held-out ones are only opened."""
    rows: list[dict[str, Any]] = []
    for play in plays:
        life = lives[play.account]
        if not life.is_live(play.opened_on) or life.account.product_only:
            continue
        opened = crm_row(life, "intervention_id", play_id(play)) | {
            "play": play.play,
            "opened_at": at(play.opened_on, 9 * 3600),
            "due_at": at(play.opened_on + timedelta(days=30), 17 * 3600),
            "owner_email": life.account.owner_email,
            "assignment": "treated" if play.is_treated else "held_out",
            "known_at": at(play.opened_on, 9 * 3600),
        }
        rows.append(opened)
        if play.is_treated:
            started = opened | _dated("started_at", play.opened_on + timedelta(days=2))
            done_on = play.opened_on + timedelta(days=20 + play.account % 25)
            outcome = "done" if life.is_live(done_on) else "too_late"
            rows += [started, started | _dated("completed_at", done_on) | {"outcome": outcome}]
    return frame("interventions", rows)


def _dated(key: str, day: date) -> dict[str, Any]:
    when = at(day, 11 * 3600)
    return {key: when, "known_at": when}


def outcomes(lives: list[Life]) -> pl.DataFrame:
    """How contracts ended or went on; known on the morning after."""
    rows: list[dict[str, Any]] = []
    for life in lives:
        for n, outcome in enumerate(life.outcomes):
            row = crm_row(life, "outcome_id", f"out-{life.account.number:04d}-{n}")
            rows.append(
                row
                | {
                    "occurred_on": outcome.occurred_on,
                    "kind": outcome.kind,
                    "subscription_id": outcome.subscription_id,
                    "notice_on": outcome.notice_on,
                    "arr_before": outcome.arr_before,
                    "arr_after": outcome.arr_after,
                    "known_at": at(outcome.occurred_on + timedelta(days=1), 8 * 3600),
                }
            )
    return frame("outcomes", rows)
