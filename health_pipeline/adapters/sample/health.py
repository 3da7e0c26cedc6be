"""Latent health: one number an account and day, around 0, which no table shows.

Mood plus a slow random walk, less occasional declines, plus what a rescue play gives. Everything
that the tables show of an account's fate is drawn from it, with noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from health_pipeline.adapters.sample.population import Account
from health_pipeline.adapters.sample.window import (
    Floats,
    Window,
    days_after,
    month_days,
    month_key,
    month_starts,
    stream,
)

PERSISTENCE = 0.985  # of the daily walk: half of a deviation is gone after 46 days
SPREAD = 0.4  # standard deviation of the walk
RESCUES = (
    "reverse_usage_decline",
    "reactivate_seats",
    "executive_listening",
    "deepen_core_use",
    "adopt_key_feature",
)


def walks(seed: int, room: str, window: Window, n: int) -> Floats:
    """`n` unit-variance random walks that return to 0, shape (n, days)."""
    shocks = []
    for first in month_starts(window.origin, window.horizon):
        draws = stream(seed, room, month_key(first)).standard_normal((n, 31))
        shocks.append(draws[:, : len(month_days(first))])
    steps = np.concatenate(shocks, axis=1)
    offset = window.origin.day - 1
    walk = steps[:, offset : offset + window.n_days].copy()
    scale = float(np.sqrt(1 - PERSISTENCE**2))
    for t in range(1, window.n_days):
        walk[:, t] = PERSISTENCE * walk[:, t - 1] + scale * walk[:, t]
    return walk


def ramp(n_days: int, first: int, length: float) -> Floats:
    """0 before day `first`, then rising to 1 over `length` days."""
    return np.clip((np.arange(n_days) - first) / length, 0.0, 1.0)


def declines(seed: int, window: Window, account: Account) -> Floats:
    """How far the account has fallen on each day; half of the declines last for most of a year."""
    rng = stream(seed, "declines", account.number)
    path = np.zeros(window.n_days)
    first = max(0, (account.started_on - window.origin).days) + 60
    for _ in range(8):
        gap, extra = rng.exponential(420), rng.exponential(0.5)
        length, hold, u = rng.uniform(40, 90), rng.uniform(45, 120), rng.random()
        first += int(gap)
        healed = first + int(length + hold * (3 if u < 0.5 else 1))
        fall = ramp(window.n_days, first, length) - ramp(window.n_days, healed, 60)
        path += (0.8 + extra) * fall
    return path


@dataclass(frozen=True, slots=True)
class Rescue:
    """One play that our people ran for an account, or held out at random."""

    account: int
    opened_on: date
    play: str
    is_treated: bool


def rescues(seed: int, window: Window, account: Account, path: Floats) -> list[Rescue]:
    """Plays opened for the account where it looked ill at a month's start; lifts `path` in place.

    One in five is held out at random; a treated one lifts health by .35 for about four months.
    """
    found: list[Rescue] = []
    quiet_until = account.started_on + timedelta(days=60)
    rng = stream(seed, "rescues", account.number)
    for first in month_starts(window.origin, window.horizon):
        u, noise = rng.random(4), rng.normal(0.0, 0.5)
        opened_on = days_after(first, 3 + u[0] * 20)
        seen = path[window.index(opened_on)] + noise
        if opened_on <= quiet_until or seen > -0.5 or u[1] > 0.4:
            continue
        quiet_until = opened_on + timedelta(days=120)
        is_treated = bool(u[2] > 0.2)
        found.append(Rescue(account.number, opened_on, RESCUES[int(u[3] * 5)], is_treated))
        if is_treated:
            start = window.index(opened_on) + 10
            path += 0.35 * (ramp(window.n_days, start, 30) - ramp(window.n_days, start + 120, 60))
    return found


def latent(seed: int, window: Window, people: list[Account]) -> tuple[Floats, list[Rescue]]:
    """Health of all accounts, shape (accounts, days), and the plays that changed it."""
    paths = SPREAD * walks(seed, "health", window, len(people))
    plays: list[Rescue] = []
    for account in people:
        path = paths[account.number]
        path += account.mood - declines(seed, window, account)
        plays += rescues(seed, window, account, path)
    return paths, plays
