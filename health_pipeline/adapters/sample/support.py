"""Tickets with their versions, and the surveys that follow them or ask how we are doing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from health_pipeline.adapters.sample.life import Life
from health_pipeline.adapters.sample.people import REQUESTERS, Person
from health_pipeline.adapters.sample.records import source_id
from health_pipeline.adapters.sample.tables import frame
from health_pipeline.adapters.sample.window import Floats, Window, at, month_key, stream

PRIORITIES = ("low", "normal", "high", "urgent")
NOTES = {
    "good": ("Does what we need.", "The team relies on it every day.", "Rollout went well."),
    "fair": ("Fine, but reports take too long to build.", "Works; support could be faster."),
    "poor": ("We use it less than planned.", "Two problems are still open.", "Hard to justify."),
}


def _monthly_tickets(life: Life, health: float, first: date) -> float:
    """Expected tickets of a month. A quiet churner falls silent once health slips."""
    base = 0.19 * np.sqrt(life.account.seats) * np.exp(-0.42 * health)
    newcomer = 1.6 if (first - life.account.started_on).days < 75 else 1.0
    silent = life.is_quiet and life.slip_on is not None and first >= life.slip_on.replace(day=1)
    return float(min(base * newcomer, 8.0) * (0.15 if silent else 1.0))


def _ticket(
    rng: np.random.Generator, life: Life, first: date, health: float, n: int
) -> list[dict[str, Any]]:
    """The versions of one ticket: opened, answered, escalated, resolved."""
    u, slowness = rng.random(9), rng.lognormal(0, 0.9)
    day = first + timedelta(days=int(u[0] * 28))
    opened_at = at(day, (7 + 11 * u[1]) * 3600)
    trouble = float(np.exp(-0.4 * health))
    priority = PRIORITIES[min(3, int(u[2] * 3.1 * min(trouble, 1.25)))]
    answered_at = opened_at + timedelta(minutes=int(45 * slowness * trouble) + 3)
    hours = 60 * slowness * trouble + 1
    resolved_at = opened_at + timedelta(minutes=int(hours * 60) + 10)
    escalated = u[3] < 0.06 * trouble**1.6 and not life.is_quiet
    escalated_at = opened_at + timedelta(minutes=int(hours * 20)) if escalated else None
    reopened = u[4] < 0.06 * trouble
    opened = {
        "source": "support",
        "ticket_id": f"{first:%y%m}{life.account.number:04d}{n:02d}",
        "source_account_id": source_id("support", life.account.number),
        "source_user_id": f"req-{life.account.number:04d}{int(u[5] * REQUESTERS):04d}",
        "opened_at": opened_at,
        "priority": priority,
        "known_at": opened_at,
    }
    happy = 4.1 + 0.35 * health - 0.25 * np.log(slowness) + (u[6] - 0.5) * 2
    closed = {
        "first_responded_at": min(answered_at, resolved_at),
        "resolved_at": resolved_at,
        "reopened_count": int(reopened),
        "reopened_at": resolved_at - timedelta(minutes=int(hours * 10)) if reopened else None,
        "escalated_at": escalated_at,
        "satisfaction": float(np.clip(round(happy), 1, 5)) if u[7] < 0.45 else None,
        "known_at": resolved_at,
    }
    news: dict[datetime, dict[str, Any]] = {}
    if answered_at < resolved_at:
        news[answered_at] = {"first_responded_at": answered_at}
    if escalated_at is not None:
        news.setdefault(escalated_at, {})["escalated_at"] = escalated_at
    versions = [opened]
    for when in sorted(news):
        versions.append(versions[-1] | news[when] | {"known_at": when})
    return [*versions, opened | closed]


def tickets(seed: int, window: Window, lives: list[Life], health: Floats) -> pl.DataFrame:
    """All tickets; those opened while the desk was moved are lost."""
    rows: list[dict[str, Any]] = []
    for life in lives:
        if not life.account.has_support or life.account.product_only:
            continue
        for first in window.months:
            middle = window.index(first + timedelta(days=14))
            now = float(health[life.account.number, middle])
            rng = stream(seed, "tickets", life.account.number, month_key(first))
            for n in range(int(rng.poisson(_monthly_tickets(life, now, first)))):
                versions = _ticket(rng, life, first, now, n)
                rows += versions if life.is_live(versions[0]["opened_at"].date()) else []
    table = frame("tickets", rows)
    if window.support_gap is None:
        return table
    return table.filter(~pl.col("opened_at").dt.date().is_between(*window.support_gap))


def _answer(health: float, noise: float, u: float) -> tuple[float, str | None]:
    """An NPS score and, from one in three, a remark."""
    score = float(np.clip(round(7.4 + 1.3 * health + 1.8 * noise), 0, 10))
    mood = "good" if score >= 9 else "fair" if score >= 7 else "poor"
    notes = NOTES[mood]
    return score, notes[int(u * 3 * len(notes))] if u < 1 / 3 else None


def _response(life: Life, person: Person, when: datetime, kind: str) -> dict[str, Any]:
    return {
        "source": "product",
        "response_id": f"{kind}-{person.user_id[4:]}-{when:%y%m%d}",
        "source_account_id": source_id("product", life.account.number),
        "source_user_id": person.user_id,
        "answered_at": when,
        "kind": kind,
    }


def surveys(
    seed: int, window: Window, lives: list[Life], staff: list[list[Person]], health: Floats
) -> pl.DataFrame:
    """NPS once a quarter from a few users of each account, effort scores from some; no `known_at`.

    `staff` is in order of account.
    """
    rows: list[dict[str, Any]] = []
    for life, people in zip(lives, staff, strict=True):
        for first in window.months:
            if (first.month + life.account.number) % 3:
                continue
            rng = stream(seed, "surveys", life.account.number, month_key(first))
            for person in people[:6]:
                u, noise = rng.random(4), float(rng.normal())
                when = at(first + timedelta(days=int(u[0] * 27)), (8 + u[1] * 9) * 3600)
                day = when.date()
                if u[2] > 0.3 or day < person.created_on or not life.is_live(day):
                    continue
                now = float(health[life.account.number, window.index(day)])
                score, note = _answer(now, noise, float(u[3]))
                rows.append(_response(life, person, when, "nps") | {"score": score, "note": note})
                if u[2] < 0.08:
                    effort = float(np.clip(round(5.2 + now + noise), 1, 7))
                    rows.append(_response(life, person, when, "ces") | {"score": effort})
    return frame("surveys", rows, absent=("known_at",))
