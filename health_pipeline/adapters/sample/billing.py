"""Contracts and money: `subscriptions` and `invoices` as versions, `seat_requests`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from health_pipeline.adapters.sample.life import Life, Term, add_months
from health_pipeline.adapters.sample.records import source_id
from health_pipeline.adapters.sample.tables import frame
from health_pipeline.adapters.sample.window import Floats, Window, at, month_key, stream


def _base(life: Life, key: str, value: str) -> dict[str, Any]:
    return {
        "source": "billing",
        key: value,
        "source_account_id": source_id("billing", life.account.number),
    }


def _endings(
    life: Life, term: Term, last: dict[str, Any], *, goes_on: bool
) -> list[dict[str, Any]]:
    """The versions that end a term: a notice, then the end."""
    if term.ended_on is None:
        ended = last | {"ended_on": term.renews_on, "status": "renewed"}
        return [] if goes_on else [ended | {"known_at": at(term.renews_on, 7 * 3600)}]
    noticed = last | {"cancellation_notice_on": term.notice_on, "status": "cancelling"}
    notice_on = life.notice_on or term.ended_on
    return [
        noticed | {"known_at": at(notice_on, 15 * 3600)},
        noticed
        | {"ended_on": term.ended_on, "status": "ended", "known_at": at(term.ended_on, 7 * 3600)},
    ]


def _term_versions(life: Life, term: Term, *, is_last: bool) -> list[dict[str, Any]]:
    """One annual term: its seats as they change, then how it ends."""
    base = _base(life, "subscription_id", term.subscription_id) | {
        "plan": life.account.plan,
        "currency": "USD",
        "starts_on": term.starts_on,
        "renews_on": term.renews_on,
        "status": "active",
        "term_months": term.months,
    }
    versions = [
        base | {"seats": seats, "arr": arr, "known_at": at(first, 6 * 3600)}
        for first, seats, arr in term.changes
    ]
    undecided = is_last and term.ended_on is None
    return versions + _endings(life, term, versions[-1], goes_on=undecided)


def _monthly_versions(life: Life) -> list[dict[str, Any]]:
    """A monthly contract is one continuing row, moved on every month."""
    first = life.terms[0]
    base = _base(life, "subscription_id", first.subscription_id) | {
        "plan": life.account.plan,
        "currency": "USD",
        "starts_on": life.account.started_on,
        "status": "active",
        "term_months": 1,
    }
    versions: list[dict[str, Any]] = []
    for term in life.terms:
        changes = [(day, seats, arr) for day, seats, arr in term.changes if day > term.starts_on]
        months = [add_months(term.starts_on, n) for n in range(3)]
        for day in sorted({*months, *(c[0] for c in changes)}):
            if term.ended_on is not None and day >= term.ended_on:
                continue
            _, seats, arr = [term.changes[0], *(c for c in changes if c[0] <= day)][-1]
            renews_on = min(m for m in [add_months(m, 1) for m in months] if m > day)
            row = base | {"renews_on": renews_on, "seats": seats, "arr": arr}
            versions.append(row | {"known_at": at(day, 6 * 3600)})
    return _with_monthly_end(life, versions)


def _with_monthly_end(life: Life, versions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Carry a notice into the versions after it, and close the row."""
    last = life.terms[-1]
    if last.ended_on is None or last.notice_on is None:
        return versions
    told = at(last.notice_on, 15 * 3600)
    given = {"cancellation_notice_on": last.notice_on, "status": "cancelling"}
    before = [v for v in versions if v["known_at"] <= told]
    after = [v | given for v in versions if v["known_at"] > told]
    closing = _endings(life, last, before[-1] if before else versions[0], goes_on=False)
    return [*before, closing[0], *after, {**(after or [closing[0]])[-1], **_end_of(closing[1])}]


def _end_of(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("ended_on", "status", "known_at")}


def subscriptions(lives: list[Life]) -> pl.DataFrame:
    """All contracts with their versions."""
    rows: list[dict[str, Any]] = []
    for life in lives:
        if life.account.term_months == 1 and life.terms:
            rows += _monthly_versions(life)
            continue
        for term in life.terms:
            rows += _term_versions(life, term, is_last=term is life.terms[-1])
    return frame("subscriptions", rows)


def seat_requests(seed: int, lives: list[Life]) -> pl.DataFrame:
    """Asked for some weeks before seats change; one in ten comes to nothing."""
    rows: list[dict[str, Any]] = []
    for life in lives:
        rng = stream(seed, "seat requests", life.account.number)
        for n, outcome in enumerate(life.outcomes):
            u = rng.random(3)
            if outcome.kind not in ("contraction", "expansion") or u[0] > 0.7:
                continue
            requested_on = outcome.occurred_on - timedelta(days=int(10 + u[1] * 50))
            _, seats, arr = life.terms[0].changes[0]  # the price of a seat never changes
            more = round((outcome.arr_after - outcome.arr_before) * seats / arr)
            row = _base(life, "request_id", f"seat-{life.account.number:04d}-{n}")
            rows.append(
                row
                | {
                    "subscription_id": outcome.subscription_id,
                    "requested_on": requested_on,
                    "seats": more,
                    "known_at": at(requested_on, 12 * 3600),
                }
            )
    return frame("seat_requests", rows)


def _invoice(
    seed: int, life: Life, term: Term, issued_on: date, amount: float, health: float
) -> list[dict[str, Any]]:
    """The versions of one invoice: issued, perhaps failed, paid (or never)."""
    rng = stream(seed, "invoices", life.account.number, month_key(issued_on))
    monthly = life.account.term_months == 1
    trouble = float(np.exp(-0.6 * health))
    u, wait = rng.random(4), rng.gamma(1.0, 7.0) * trouble
    due_on = issued_on + timedelta(days=7 if monthly else 30)
    paid_on = max(due_on + timedelta(days=int(life.account.pays_late_days + wait)), issued_on)
    issued = _base(life, "invoice_id", f"inv-{life.account.number:04d}-{issued_on:%y%m}") | {
        "issued_on": issued_on,
        "due_on": due_on,
        "amount": amount,
        "amount_paid": 0.0,
        "currency": "USD",
        "failed_attempts": 0,
        "known_at": at(issued_on, 5 * 3600),
    }
    versions = [issued]
    failed_on = due_on - timedelta(days=1)
    if monthly and u[0] < 0.06 * trouble and failed_on < paid_on:
        when = at(failed_on, 4 * 3600)
        tries = {"failed_attempts": 1 + int(u[1] * 3), "last_failed_at": when, "known_at": when}
        versions.append(issued | tries)
    if term.ended_on is None or paid_on < term.ended_on or u[2] < 0.6:
        paid = {"paid_on": paid_on, "amount_paid": amount, "known_at": at(paid_on, 20 * 3600)}
        versions.append(versions[-1] | paid)
    return versions


def invoices(seed: int, window: Window, lives: list[Life], health: Floats) -> pl.DataFrame:
    """Monthly or quarterly invoices, from the first term of each account that the world knows."""
    rows: list[dict[str, Any]] = []
    for life in lives:
        step = 1 if life.account.term_months == 1 else 3
        for term in life.terms:
            issued_on, number = term.starts_on, 0
            until = min(term.ended_on or term.renews_on, term.renews_on)
            while issued_on < until and issued_on <= window.last:
                amount = round(term.arr_on(issued_on) * step / 12, 2)
                now = float(health[life.account.number, window.index(issued_on)])
                rows += _invoice(seed, life, term, issued_on, amount, now)
                number += 1
                issued_on = add_months(term.starts_on, number * step)
    return frame("invoices", rows)
