"""Who the customers are: everything of an account that never changes, and when it began."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from health_pipeline.adapters.sample.names import (
    LEGAL_FORMS,
    STEMS,
    TRADES,
    company,
    registered_domain,
)
from health_pipeline.adapters.sample.window import Window, days_after, stream

PLANS = ("Starter", "Growth", "Enterprise")
REGIONS = ("AMER", "EMEA", "APAC")
PLAN_SHARES = (0.45, 0.37, 0.18)
REGION_SHARES = (0.42, 0.38, 0.20)
MEDIAN_SEATS = {"Starter": 7.0, "Growth": 17.0, "Enterprise": 52.0}
SEAT_PRICE = {"Starter": 300.0, "Growth": 660.0, "Enterprise": 1150.0}  # USD a year
DEPLOYMENTS = ("team", "department", "company")

SHARE_BEFORE = 0.6  # accounts that began before the window
NOMINAL_DAYS = 456  # the others arrive evenly over 15 months
MAX_ACCOUNTS = len(STEMS) * len(TRADES)


@dataclass(frozen=True, slots=True)
class Account:
    """The fixed traits of one true account.

    Attributes:
        number: its place in order of arrival; `key` names it in the truth.
        name, legal_form, domain: how it is properly called; `trade` is the name's last word.
        started_on: first day of its first contract.
        term_months: length of its terms; 1 = monthly.
        mood: its long-run health, about N(.35, .6).
        usage_bias: how much it uses the product for reasons that health does not explain.
        pays_late_days: its payment habit.
        reports_daily: it sends daily aggregates in place of events.
        product_only: a workspace that no other system knows.
        has_support: it has an account in the support desk.
        parent: number of the account that owns it.
    """

    number: int
    name: str
    trade: str
    legal_form: str
    domain: str
    plan: str
    region: str
    seats: int
    employees: int
    deployment: str
    started_on: date
    term_months: int
    mood: float
    usage_bias: float
    pays_late_days: float
    reports_daily: bool
    product_only: bool
    has_support: bool
    parent: int | None
    owner_email: str
    exec_email: str

    @property
    def key(self) -> str:
        """The name of the account in the truth."""
        return f"A{self.number:04d}"

    @property
    def list_price(self) -> float:
        """USD a seat and year."""
        return SEAT_PRICE[self.plan]


def _starts(seed: int, window: Window, accounts: int) -> Iterator[date]:
    """First days in order of arrival, without end: a later `end` only appends."""
    before = round(accounts * SHARE_BEFORE)
    ages = stream(seed, "ages").uniform(20, 1000, before)
    yield from (window.start - timedelta(days=int(age)) for age in np.sort(ages)[::-1])
    spacing = NOMINAL_DAYS / max(accounts - before, 1)
    arrivals = stream(seed, "arrivals")
    number = 0
    while True:
        yield days_after(window.start, spacing * (number + arrivals.random()))
        number += 1


def _term_months(plan: str, u: float) -> int:
    if plan == "Starter":
        return 1 if u < 0.3 else 12
    if plan == "Enterprise" and u < 0.3:
        return 24 if u < 0.2 else 36
    return 12


def _account(seed: int, number: int, started_on: date, order: np.ndarray) -> Account:
    rng = stream(seed, "account", number)
    plan = str(rng.choice(PLANS, p=PLAN_SHARES))
    region = str(rng.choice(REGIONS, p=REGION_SHARES))
    seats = max(3, int(MEDIAN_SEATS[plan] * rng.lognormal(0.0, 0.55)))
    stem, trade = company(order, number)
    name = f"{stem} {trade}"
    u = rng.random(8)
    return Account(
        number=number,
        name=name,
        trade=trade,
        legal_form=str(rng.choice(LEGAL_FORMS[region])),
        domain=registered_domain(name),
        plan=plan,
        region=region,
        seats=seats,
        employees=int(seats * rng.uniform(2, 25)) + 5,
        deployment=DEPLOYMENTS[min(2, int(u[0] * 2) + (plan == "Enterprise"))],
        started_on=started_on,
        term_months=_term_months(plan, float(u[1])),
        mood=float(rng.normal(0.35, 0.6)),
        usage_bias=float(rng.normal(0.0, 0.4)),
        pays_late_days=float(rng.normal(-4.0, 5.0)),
        reports_daily=bool(u[2] < 0.03),
        product_only=bool(u[3] < 0.012),
        has_support=bool(u[4] < 0.93),
        parent=int(u[5] * number) if u[6] < 0.02 and number else None,
        owner_email=f"csm-{region.lower()}-{1 + int(u[7] * 4)}@vendor.example",
        exec_email=f"vp-success-{region.lower()}@vendor.example",
    )


def population(seed: int, window: Window, accounts: int) -> list[Account]:
    """All accounts that began by the last day of `end`'s month, in order of arrival.

    `accounts` is the number reached after 15 months; a shorter world has fewer arrivals.

    Raises:
        ValueError: no account, or more than there are invented names.
    """
    if not 1 <= accounts <= MAX_ACCOUNTS:
        raise ValueError(f"accounts is {accounts}; names suffice for 1 to {MAX_ACCOUNTS}")
    order = stream(seed, "names").permutation(MAX_ACCOUNTS)
    people: list[Account] = []
    for number, started_on in enumerate(_starts(seed, window, accounts)):
        if started_on > window.last:
            return people
        if number == MAX_ACCOUNTS:
            raise ValueError(f"more than {MAX_ACCOUNTS} accounts: fewer accounts or months")
        people.append(_account(seed, number, started_on, order))
    return people
