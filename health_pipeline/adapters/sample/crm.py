"""What our own people write down of a customer: contacts and moods."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from health_pipeline.adapters.sample.life import Life
from health_pipeline.adapters.sample.people import Sponsor
from health_pipeline.adapters.sample.records import crm_row, source_id
from health_pipeline.adapters.sample.tables import frame
from health_pipeline.adapters.sample.window import (
    Floats,
    Window,
    at,
    chance,
    month_key,
    stream,
)

MOODS = {
    5: "Speaks for us inside the company.",
    4: "Content; wants to add a team.",
    3: "Neutral. Asks for proof of value.",
    2: "Frustrated with open topics; meetings are postponed.",
    1: "Says openly that they are looking elsewhere.",
}


def _current(sponsors: list[Sponsor], day: date) -> Sponsor | None:
    here = [s for s in sponsors if s.since <= day and (s.gone_on is None or day < s.gone_on)]
    return here[0] if here else None


def _touch(
    rng: np.random.Generator, life: Life, sponsor: Sponsor | None, day: date, n: int
) -> dict[str, Any]:
    """One contact with the customer; a third are mails out that nobody answers."""
    u = rng.random(5)
    unanswered = u[0] < 0.33
    with_sponsor = sponsor is not None and u[1] < 0.6
    email = f"analyst-{1 + int(u[2] * 4):03d}@{life.account.domain}"
    when = at(day, (8 + 9 * u[3]) * 3600)
    return crm_row(life, "engagement_id", f"eng-{life.account.number:04d}-{day:%y%m}-{n}") | {
        "occurred_at": when,
        "kind": "email" if unanswered else ("meeting", "call", "email")[int(u[4] * 3)],
        "contact_email": sponsor.email if sponsor is not None and with_sponsor else email,
        "contact_is_sponsor": with_sponsor if life.account.number % 2 else None,
        "direction": "out" if unanswered else ("both", "in")[int(u[4] * 7) % 2],
        "known_at": when + timedelta(hours=2),
    }


def engagements(
    seed: int, window: Window, lives: list[Life], sponsors: list[list[Sponsor]], health: Floats
) -> pl.DataFrame:
    """Contacts: two or three a month in good health, few in poor; `sponsors` by account."""
    rows: list[dict[str, Any]] = []
    for life, patrons in zip(lives, sponsors, strict=True):
        for first in window.months if patrons else []:
            now = float(health[life.account.number, window.index(first + timedelta(days=14))])
            rng = stream(seed, "engagements", life.account.number, month_key(first))
            for n in range(int(rng.poisson(0.6 + 3.4 * chance(0.4 + 0.9 * now)))):
                day = first + timedelta(days=int(rng.random() * 28))
                row = _touch(rng, life, _current(patrons, day), day, n)
                rows += [row] if life.is_live(day) else []
    return frame("engagements", rows)


def sentiments(seed: int, window: Window, lives: list[Life], health: Floats) -> pl.DataFrame:
    """The success manager's 1–5, in three months of five; kind to quiet accounts; no `known_at`."""
    rows: list[dict[str, Any]] = []
    for life in lives:
        for first in [] if life.account.product_only else window.months:
            rng = stream(seed, "sentiments", life.account.number, month_key(first))
            u, noise = rng.random(3), float(rng.normal())
            day = first + timedelta(days=int(u[1] * 28))
            if u[0] > 0.6 or not life.is_live(day):
                continue
            unaware = life.slip_on if life.is_quiet and life.slip_on else day
            felt = float(health[life.account.number, window.index(min(day, unaware))])
            score = int(np.clip(round(3.4 + 0.75 * felt + 0.7 * noise), 1, 5))
            rows.append(
                {
                    "source": "crm",
                    "source_account_id": source_id("crm", life.account.number),
                    "recorded_at": at(day, (9 + 8 * u[2]) * 3600),
                    "score": float(score),
                    "author": life.account.owner_email,
                    "note": MOODS[score] if u[2] < 0.4 else None,
                }
            )
    return frame("sentiments", rows, absent=("known_at",))
