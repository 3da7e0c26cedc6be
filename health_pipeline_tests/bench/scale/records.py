"""Source tables beside usage, as files hand them in: what signals of support, delivery, money and
people are measured from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.bench.scale import seen
from health_pipeline_tests.bench.scale.drawn import YEAR, before, day, some, sometimes
from health_pipeline_tests.bench.scale.people import SOURCE, People

INVOICES = 4
"""Of a mean account in the year that ends on END."""

PLANS, REGIONS = ("Starter", "Growth", "Enterprise"), ("AMER", "EMEA", "APAC")


def records(people: People) -> dict[str, pl.DataFrame]:
    """Contract columns of each table by its name, the same for the same people."""
    accounts = people.source_account_id.unique(maintain_order=True)
    makers: dict[str, Callable[[np.random.Generator, pl.Series], pl.DataFrame]] = {
        "accounts": _accounts,
        "subscriptions": _subscriptions,
        "seat_requests": _seat_requests,
        "invoices": _invoices,
        "tickets": seen.tickets,
        "surveys": seen.surveys,
        "milestones": seen.milestones,
        "engagements": seen.engagements,
        "integrations": seen.integrations,
        "sentiments": seen.sentiments,
        "renewals": _renewals,
        "outcomes": _outcomes,
    }
    found = {
        name: make(np.random.default_rng([7, n]), accounts)
        for n, (name, make) in enumerate(makers.items())
    }
    return {name: _typed(name, rows) for name, rows in {"users": _users(people), **found}.items()}


def _typed(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    schema = SOURCE_TABLES[name].schema
    return rows.with_columns(pl.lit(SOURCE).alias("source")).select(
        pl.col(column).cast(dtype)
        for column, dtype in schema.items()
        if column in rows.columns or column == "source"
    )


def _users(people: People) -> pl.DataFrame:
    """Everybody; the first user of an account is its sponsor, and a few have left."""
    rng, count = np.random.default_rng([7, 99]), len(people.user_id)
    created = 5 + rng.random(count) * 700  # every eighth within 90 days
    sponsor = people.source_account_id.is_first_distinct()
    return pl.DataFrame(
        {
            "source_user_id": people.source_user_id,
            "source_account_id": people.source_account_id,
            "email": people.source_user_id + "@" + people.source_account_id + ".example",
            "is_sponsor": sponsor,
            "created_at": before(created),
            "deactivated_at": sometimes(rng, before(created * rng.random(count)), 0.05),
        }
    )


def _accounts(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    number = np.arange(len(accounts))
    return pl.DataFrame(
        {
            "source_account_id": accounts,
            "name": "Account " + accounts,
            "domain": accounts + ".example",
            "plan": pl.Series(PLANS).gather(number % len(PLANS)),
            "region": pl.Series(REGIONS).gather(number // 7 % len(REGIONS)),
            "employees": rng.integers(5, 5_000, len(accounts)),
            "owner_email": pl.Series([f"csm-{n % 200}@vendor.example" for n in number]),
            "created_at": before(700 + rng.random(len(accounts)) * 100),
        }
    )


def _subscriptions(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    rows = len(accounts)
    return pl.DataFrame(
        {
            "subscription_id": "sub-" + accounts,
            "source_account_id": accounts,
            "plan": pl.Series(PLANS).gather(np.arange(rows) % len(PLANS)),
            "seats": rng.integers(1, 60, rows),
            "arr": rng.integers(1_000, 90_000, rows).astype(np.float64),
            "currency": pl.Series(["USD"] * rows),
            "starts_on": day(rng.random(rows) * 600),
            "renews_on": day(-rng.random(rows) * YEAR),
        }
    )


def _seat_requests(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    rows, ago = some(rng, accounts, 0.1, "request_id", "req-")
    return pl.DataFrame(
        {**rows, "requested_on": day(ago), "seats": rng.integers(-20, 20, len(ago))}
    )


def _invoices(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    rows, ago = some(rng, accounts, INVOICES, "invoice_id", "inv-")
    due = ago - 30
    amount = rng.integers(100, 20_000, len(ago)).astype(np.float64)
    return pl.DataFrame(
        {
            **rows,
            "issued_on": day(ago),
            "due_on": day(due),
            "paid_on": sometimes(rng, day(due - rng.normal(0, 10, len(ago))), 0.95),
            "amount": amount,
            "currency": pl.Series(["USD"] * len(ago)),
            "failed_attempts": (rng.random(len(ago)) < 0.03).astype(np.int64),
        }
    )


def _renewals(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    rows = len(accounts)
    close = -rng.random(rows) * YEAR
    return pl.DataFrame(
        {
            "opportunity_id": "opp-" + accounts,
            "source_account_id": accounts,
            "kind": pl.Series(["renewal"] * rows),
            "opened_on": day(close + 300),
            "close_on": day(close),
            "stage": pl.Series(["open"] * rows),
            "procurement_flag": pl.Series(rng.random(rows) < 0.1),
        }
    )


def _outcomes(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    rows, ago = some(rng, accounts, 0.3, "outcome_id", "out-")
    kind = pl.Series(("renewal", "expansion", "contraction")).gather(rng.integers(0, 3, len(ago)))
    return pl.DataFrame(
        {
            **rows,
            "occurred_on": day(ago),
            "kind": kind,
            "subscription_id": "sub-" + rows["source_account_id"],
            "arr_before": rng.integers(1_000, 90_000, len(ago)).astype(np.float64),
        }
    )
