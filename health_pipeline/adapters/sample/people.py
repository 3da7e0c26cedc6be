"""Who uses the product, who asks for help, who signs: the users of three systems.

No person is invented: mail addresses are roles and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from health_pipeline.adapters.sample.life import Life
from health_pipeline.adapters.sample.names import FREE_MAIL_DOMAINS
from health_pipeline.adapters.sample.window import at, days_after, stream

ROLES = ("analyst", "operator", "manager", "engineer", "planner", "admin")
SPONSOR_ROLES = ("VP Operations", "Head of Finance", "COO", "IT Director")
REQUESTERS = 3  # users of an account who also write to the support desk


@dataclass(frozen=True, slots=True)
class Person:
    """One product user of an account.

    Attributes:
        eagerness: log-odds of working in the product on a usual weekday, before health.
        is_linked: the product says which workspace the user belongs to.
    """

    account: int
    user_id: str
    email: str
    role: str
    created_on: date
    deactivated_on: date | None
    eagerness: float
    is_verified: bool
    is_linked: bool


@dataclass(frozen=True, slots=True)
class Sponsor:
    """An executive of the customer who backs the product, a CRM contact and a product user."""

    account: int
    contact_id: str
    email: str
    role: str
    since: date
    gone_on: date | None


def _email(life: Life, k: int, u: float) -> str:
    role = ROLES[int(u * 1000) % len(ROLES)]
    account = life.account
    if u > 0.993:
        return f"{role}-{account.number:04d}-{k:03d}@{FREE_MAIL_DOMAINS[k % 2]}"
    return f"{role}-{k:03d}@{account.domain}"


def _seat_changes(life: Life) -> list[tuple[date, int]]:
    """Seats from each of their first days on, over all terms."""
    changes = [(day, seats) for term in life.terms for day, seats, _ in term.changes]
    return [(life.account.started_on, life.account.seats), *changes[1:]]


def _stay(life: Life, k: int, fill: float, u: Sequence[float]) -> tuple[date, date | None] | None:
    """First day of user `k` and the day it is deactivated on; None if there never was a seat.

    The first users come with the contract, some one by one over a year, others with added seats;
    a contraction takes the last ones away.
    """
    changes = _seat_changes(life)
    seated = [n for n, (_, seats) in enumerate(changes) if k < max(3, seats * fill)]
    if not seated:
        return None
    since = changes[seated[0]][0]
    early = seated[0] > 0 or k < 0.75 * fill * life.account.seats
    wait = min(-np.log(1 - u[0] * 0.98) * 18, 90) if early else 30 + u[0] * 400
    created_on = days_after(since, wait)
    ends = [day for day, seats in changes if day > created_on and k >= max(3, seats)]
    if u[1] < 0.16 and k > 0:
        ends.append(days_after(created_on, 60 + u[3] * 700))
    return created_on, min(ends) if ends else None


def staff(seed: int, life: Life) -> list[Person]:
    """All product users that the account will ever have; the first is the sponsor's login."""
    rng = stream(seed, "staff", life.account.number)
    fill = float(np.clip(rng.normal(0.84 + 0.06 * life.account.mood, 0.16), 0.35, 1.0))
    people = []
    for k in range(max(seats for _, seats in _seat_changes(life))):
        u, eagerness = rng.random(8), rng.normal(-1.9, 1.4)
        stay = _stay(life, k, fill, u.tolist())
        if stay is None:
            break
        people.append(
            Person(
                account=life.account.number,
                user_id=f"usr_{life.account.number:04d}{k:04d}",
                email=_email(life, k, u[2]) if k else f"sponsor-1@{life.account.domain}",
                role=ROLES[int(u[2] * 1000) % len(ROLES)] if k else "executive",
                created_on=stay[0],
                deactivated_on=stay[1],
                eagerness=eagerness if k else -1.9,
                is_verified=bool(u[4] < 0.95),
                is_linked=bool(u[5] > 0.02 or k == 0),
            )
        )
    return people


def sponsors(seed: int, life: Life) -> list[Sponsor]:
    """One or two sponsors; the first leaves some accounts, more often those that will churn."""
    account = life.account
    if account.product_only:
        return []
    rng = stream(seed, "sponsors", account.number)
    u, roles = rng.random(5), rng.permutation(SPONSOR_ROLES)
    gone_on = None
    if life.slip_on is not None and u[0] < 0.3:
        gone_on = days_after(life.slip_on, u[1] * 60)
    elif u[0] < 0.06:
        gone_on = days_after(account.started_on, 200 + u[1] * 900)
    made = [(1, account.started_on, gone_on)]
    if account.plan == "Enterprise" or u[2] < 0.25:
        made.append((2, days_after(account.started_on, 30), None))
    elif gone_on is not None and u[3] < 0.5:
        made.append((2, gone_on + timedelta(days=int(20 + u[4] * 60)), None))
    return [
        Sponsor(
            account.number,
            f"con-{account.number:04d}-{n}",
            f"sponsor-{n}@{account.domain}",
            str(roles[n]),
            since,
            gone,
        )
        for n, since, gone in made
    ]


def _moment(day: date | None, hour: int) -> datetime | None:
    return None if day is None else at(day, hour * 3600)


def product_row(person: Person, life: Life, source_account_id: str) -> dict[str, Any]:
    """The person as the product knows it."""
    by_sso = life.account.plan == "Enterprise" and not person.email.endswith(FREE_MAIL_DOMAINS)
    return {
        "source": "product",
        "source_user_id": person.user_id,
        "source_account_id": source_account_id if person.is_linked else None,
        "email": person.email,
        "email_verified": person.is_verified,
        "sso_domain": life.account.domain if by_sso else None,
        "role": person.role,
        "is_sponsor": None,
        "created_at": _moment(person.created_on, 8),
        "deactivated_at": _moment(person.deactivated_on, 17),
    }


def requester_row(person: Person, source_account_id: str, *, is_linked: bool) -> dict[str, Any]:
    """The person as the support desk knows it; some requesters belong to no organisation there."""
    return {
        "source": "support",
        "source_user_id": f"req-{person.user_id[4:]}",
        "source_account_id": source_account_id if is_linked else None,
        "email": person.email.upper() if person.user_id.endswith("2") else person.email,
        "email_verified": True,
        "sso_domain": None,
        "role": None,
        "is_sponsor": None,
        "created_at": _moment(person.created_on + timedelta(days=3), 10),
        "deactivated_at": None,
    }


def contact_row(sponsor: Sponsor, source_account_id: str) -> dict[str, Any]:
    """The sponsor as the CRM knows it."""
    return {
        "source": "crm",
        "source_user_id": sponsor.contact_id,
        "source_account_id": source_account_id,
        "email": sponsor.email,
        "email_verified": True,
        "sso_domain": None,
        "role": sponsor.role,
        "is_sponsor": True,
        "created_at": _moment(sponsor.since, 9),
        "deactivated_at": _moment(sponsor.gone_on, 18),
    }
