"""What is seen of accounts over time: tickets, surveys, milestones, contacts, integrations."""

from __future__ import annotations

import numpy as np
import polars as pl

from health_pipeline_tests.bench.scale.drawn import before, day, some, sometimes

TICKETS, ENGAGEMENTS, SENTIMENTS, SURVEYS = 10, 12, 4, 2
"""Rows of a mean account in the year that ends on END."""

MILESTONES, INTEGRATIONS = 5, 3
SEEN_DAYS = 60
"""The first integration of an account is observed on each of so many days, the others weekly."""


def tickets(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    """Most are handed in twice: when they were opened, and when they were resolved."""
    rows, ago = some(rng, accounts, TICKETS, "ticket_id", "tic-")
    answered = ago - rng.exponential(0.3, len(ago))
    resolved = answered - rng.exponential(2.0, len(ago))
    opened = pl.DataFrame({**rows, "opened_at": before(ago), "known_at": before(ago)})
    later = opened.with_columns(
        first_responded_at=before(answered),
        resolved_at=before(resolved),
        escalated_at=sometimes(rng, before(answered), 0.04),
        reopened_count=pl.Series((rng.random(len(ago)) < 0.1).astype(np.int64)),
        priority=pl.Series(("low", "normal", "high")).gather(rng.integers(0, 3, len(ago))),
        known_at=before(resolved),
    )
    return pl.concat([opened, later.filter(pl.Series(resolved >= 0))], how="diagonal")


def surveys(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    """Answers to a question about recommending us."""
    rows, ago = some(rng, accounts, SURVEYS, "response_id", "sur-")
    kind = pl.Series(["nps"] * len(ago))
    return pl.DataFrame(
        {**rows, "answered_at": before(ago), "kind": kind, "score": rng.integers(0, 11, len(ago))}
    )


def milestones(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    """One onboarding an account, begun within the year; a step takes a month, more or less."""
    rows = len(accounts) * MILESTONES
    step = np.tile(np.arange(MILESTONES), len(accounts))
    begun = np.repeat(rng.random(len(accounts)) * 500, MILESTONES)
    due = begun - 30 * (step + 1)
    done = due + rng.normal(0, 10, rows)
    return pl.DataFrame(
        {
            "milestone_id": "mil-" + pl.Series(np.arange(rows)).cast(pl.String),
            "source_account_id": accounts.gather(np.arange(rows) // MILESTONES),
            "project": pl.Series(["Onboarding"] * rows),
            "name": "Step " + pl.Series(step).cast(pl.String),
            "is_onboarding": pl.Series([True] * rows),
            "is_first_value": pl.Series(step == 1),
            "starts_on": day(begun),
            "due_on": day(due),
            "original_due_on": day(due),
            "completed_on": day(done).set(pl.Series(done < 0), None),
        }
    )


def engagements(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    """Meetings, mails and calls with one of five contacts."""
    rows, ago = some(rng, accounts, ENGAGEMENTS, "engagement_id", "eng-")
    count = len(ago)
    number = pl.Series(rng.integers(0, 5, count)).cast(pl.String)
    return pl.DataFrame(
        {
            **rows,
            "occurred_at": before(ago),
            "kind": pl.Series(("meeting", "email", "call")).gather(rng.integers(0, 3, count)),
            "contact_email": "contact-" + number + "@" + rows["source_account_id"] + ".example",
            "contact_is_sponsor": pl.Series(rng.random(count) < 0.3),
            "direction": pl.Series(("in", "out", "both")).gather(rng.integers(0, 3, count)),
        }
    )


def integrations(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    """Observations: of the first integration daily, of the others weekly."""
    found = []
    for n in range(INTEGRATIONS):
        ago = np.arange(SEEN_DAYS) if n == 0 else np.arange(n, SEEN_DAYS, 7)
        of = np.repeat(np.arange(len(accounts)), len(ago))
        age = np.tile(ago, len(accounts)) + rng.random(len(of)) * 0.9
        status = np.searchsorted([0.96, 0.985], rng.random(len(of)))
        found.append(
            pl.DataFrame(
                {
                    "integration_id": f"int-{n}-" + accounts.gather(of),
                    "observed_at": before(age),
                    "source_account_id": accounts.gather(of),
                    "name": pl.Series([f"Connector {n}"]).new_from_index(0, len(of)),
                    "is_crucial": pl.Series([n < 2]).new_from_index(0, len(of)),
                    "status": pl.Series(("ok", "degraded", "failed")).gather(status),
                    "last_synced_at": before(age + rng.exponential(0.3, len(of))),
                    "expected_sync_hours": pl.Series([24.0]).new_from_index(0, len(of)),
                }
            )
        )
    return pl.concat(found)


def sentiments(rng: np.random.Generator, accounts: pl.Series) -> pl.DataFrame:
    """Ratings by the account's CSM."""
    rows, ago = some(rng, accounts, SENTIMENTS, "author", "csm-")
    return pl.DataFrame(
        {**rows, "recorded_at": before(ago), "score": rng.integers(1, 6, len(ago))}
    ).drop("author")
