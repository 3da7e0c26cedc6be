"""What becomes of an account: its terms, growth, notices and losses, decided by latent health.

A churn is decided months before its date, and in most cases health slips from then on: usage falls
long before the notice. One churner in four goes quietly: no ticket tells of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from health_pipeline.adapters.sample.health import ramp
from health_pipeline.adapters.sample.population import Account
from health_pipeline.adapters.sample.window import Floats, Window, chance, days_after, stream

CHURN_AT_ZERO = -1.6  # log-odds of not renewing at health 0
CHURN_SLOPE = 1.3  # how strongly health decides; small enough that ill stayers are common
QUIET_SHARE = 0.27
SLIP_SHARE = 0.75  # churners whose health shows it beforehand; the others just leave


@dataclass(slots=True)
class Term:
    """One contract term; `changes` are (first day, seats, ARR), the term's start included."""

    subscription_id: str
    starts_on: date
    renews_on: date
    months: int
    changes: list[tuple[date, int, float]]
    notice_on: date | None = None
    ended_on: date | None = None

    @property
    def is_lost(self) -> bool:
        """True when the account is lost in or at the end of this term."""
        return self.ended_on is not None

    def arr_on(self, day: date) -> float:
        """ARR in force on `day`; that of the start before it."""
        known = [arr for first, _, arr in self.changes if first <= day]
        return known[-1] if known else self.changes[0][2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that happened to the contract."""

    occurred_on: date
    kind: str
    subscription_id: str
    arr_before: float
    arr_after: float
    notice_on: date | None = None


@dataclass(slots=True)
class Life:
    """The contract history of one account; empty for a workspace without a contract."""

    account: Account
    terms: list[Term] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    churned_on: date | None = None
    churn_kind: str | None = None
    notice_on: date | None = None
    slip_on: date | None = None
    is_quiet: bool = False

    def is_live(self, day: date) -> bool:
        """True from the account's first day to the day before it is lost."""
        return self.account.started_on <= day and (self.churned_on is None or day < self.churned_on)


def add_months(day: date, months: int) -> date:
    """The same day of the month, at most the 28th, `months` later."""
    n = day.year * 12 + day.month - 1 + months
    return date(n // 12, n % 12 + 1, min(day.day, 28))


def _first_term(account: Account, window: Window) -> date:
    """Start of the term in force on the first day of the window."""
    start = add_months(account.started_on, 0)
    months = max(account.term_months, 3)  # a monthly contract is decided on every quarter
    while add_months(start, months) < window.start:
        start = add_months(start, months)
    return max(start, account.started_on)


def _mean(path: Floats, window: Window, first: date, last: date) -> float:
    return float(path[window.index(first) : window.index(last) + 1].mean())


def _lose(life: Life, term: Term, path: Floats, window: Window, rng: np.random.Generator) -> None:
    """End the term: fix the kind, the dates, and how health slips until then (in place)."""
    u = rng.random(6)
    monthly = life.account.term_months == 1
    early_on = term.renews_on - timedelta(days=40 + int(u[1] * 110))
    early = not monthly and u[0] < 0.2 and early_on > window.start
    ended_on = early_on if early else term.renews_on
    notice_on = ended_on - timedelta(days=5 + int(u[2] * 20) if monthly else 25 + int(u[2] * 40))
    life.is_quiet = bool(u[3] < QUIET_SHARE)
    kind = "logo_loss" if early else "non_renewal"
    life.churned_on, life.churn_kind, life.notice_on = ended_on, kind, notice_on
    term.ended_on, term.notice_on = ended_on, notice_on
    term.changes = [c for c in term.changes if c[0] < notice_on] or term.changes[:1]
    arr = term.changes[-1][2]
    life.outcomes = [o for o in life.outcomes if o.occurred_on < notice_on]
    life.outcomes.append(Outcome(ended_on, kind, term.subscription_id, arr, 0.0, notice_on))
    if life.is_quiet or rng.random() < SLIP_SHARE:
        life.slip_on = notice_on - timedelta(days=75 + int(u[4] * 70))
        depth = (1.3 if life.is_quiet else 0.8) + u[5]
        path -= depth * ramp(window.n_days, window.index(life.slip_on), 75)


def _grow(life: Life, term: Term, health: float, rng: np.random.Generator) -> None:
    """Perhaps add seats in mid-term."""
    u = rng.random(3)
    span = (term.renews_on - term.starts_on).days
    grown_on = days_after(term.starts_on, span * (0.35 + 0.4 * u[0]))
    if health < 0.5 or u[1] > 0.3 * span / 365:
        return
    _, seats, arr = term.changes[-1]
    more = max(seats + 1, round(seats * (1.15 + 0.4 * u[2])))
    term.changes.append((grown_on, more, round(arr * more / seats)))
    life.outcomes.append(
        Outcome(grown_on, "expansion", term.subscription_id, arr, term.changes[-1][2])
    )


def _renew(life: Life, term: Term, health: float, rng: np.random.Generator) -> tuple[int, int]:
    """Seats and months of the next term; records the outcome, of a monthly one if it changes."""
    u = rng.random(4)
    _, seats, arr = term.changes[-1]
    months = life.account.term_months
    kind, after = "renewal", seats
    if u[0] < 0.5 * chance(-1.0 - 1.8 * health):
        kind, after = "contraction", max(2, int(seats * (0.5 + 0.4 * u[1])))
    elif health > 0.4 and u[0] > 0.72:
        kind, after = "expansion", round(seats * (1.1 + 0.3 * u[1])) + 1
    elif health > 0.4 and months >= 12 and u[2] < 0.22:
        kind, months = "multi_year_renewal", 24
    if after == seats and kind == "contraction":
        kind = "renewal"
    if months > 1 or kind != "renewal":
        new_arr = round(arr * after / seats) if after != seats else arr
        life.outcomes.append(
            Outcome(term.renews_on, kind, term.subscription_id, arr, float(new_arr))
        )
    return after, months


def _term(life: Life, starts_on: date, months: int, seats: int, arr: float) -> Term:
    account = life.account
    number = 1 if account.term_months == 1 else len(life.terms) + 1
    return Term(
        subscription_id=f"sub_{account.number:04d}_{number}",
        starts_on=starts_on,
        renews_on=add_months(starts_on, max(months, 3)),
        months=months,
        changes=[(starts_on, seats, arr)],
    )


def live(seed: int, window: Window, account: Account, path: Floats) -> Life:
    """The account's contract history up to the latent horizon; lets `path` slip in place.

    Terms that end after the horizon stay undecided, so a longer world decides them alike.
    """
    life = Life(account)
    if account.product_only:
        return life
    rng = stream(seed, "life", account.number)
    discount = 1 - 0.3 * rng.random()
    seats, months = account.seats, account.term_months
    arr = float(round(seats * account.list_price * discount))
    starts_on = _first_term(account, window)
    while True:
        term = _term(life, starts_on, months, seats, arr)
        life.terms.append(term)
        middle = days_after(starts_on, (term.renews_on - starts_on).days / 2)
        _grow(life, term, _mean(path, window, middle - timedelta(days=60), middle), rng)
        if term.renews_on > window.horizon:
            return life
        decided_on = term.renews_on - timedelta(days=45)
        health = _mean(path, window, decided_on - timedelta(days=105), decided_on)
        odds = chance(CHURN_AT_ZERO - CHURN_SLOPE * health)
        leaves = rng.random() < (odds if account.term_months > 1 else odds / 3)
        if leaves and (term.renews_on - account.started_on).days > 60:
            _lose(life, term, path, window, rng)
            return life
        seats, months = _renew(life, term, health, rng)
        arr = float(round(term.changes[-1][2] * seats / term.changes[-1][1]))
        starts_on = term.renews_on
