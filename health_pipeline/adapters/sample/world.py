"""The world in one screen: who lives in it, how they fare, and what each system saw of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from health_pipeline.adapters.sample import (
    billing,
    crm,
    delivery,
    people,
    renewals,
    support,
    truth,
)
from health_pipeline.adapters.sample.defects import defects
from health_pipeline.adapters.sample.health import latent
from health_pipeline.adapters.sample.life import Life, live
from health_pipeline.adapters.sample.people import Person, Sponsor
from health_pipeline.adapters.sample.population import population
from health_pipeline.adapters.sample.records import (
    Record,
    account_rows,
    link_rows,
    records_of,
    source_id,
)
from health_pipeline.adapters.sample.tables import cut, frame
from health_pipeline.adapters.sample.usage import events_and_usage
from health_pipeline.adapters.sample.window import Window
from health_pipeline.adapters.sample.workforce import workforce
from health_pipeline.core.schemas.sources import SOURCE_TABLES


@dataclass(frozen=True)
class World:
    """A generated world.

    Attributes:
        tables: the source tables of contracts.md by name, clean; `known_at` is absent where the
            source cannot tell.
        truth: one row for each true account (`truth.ACCOUNTS`).
        truth_records: the true account of each source record, and how it can be linked.
        truth_users: the true account of each source user.
        defects: broken rows that `write` adds to the files: table, key, rule, row (JSON).
    """

    tables: dict[str, pl.DataFrame]
    truth: pl.DataFrame
    truth_records: pl.DataFrame
    truth_users: pl.DataFrame
    defects: pl.DataFrame


def _user_rows(
    lives: list[Life],
    staff: list[list[Person]],
    patrons: list[list[Sponsor]],
    records: list[list[Record]],
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of `users` of all systems, and beside each the key of its true account."""
    rows: list[dict[str, Any]] = []
    keys: list[str] = []
    for life, workers, sponsors, own in zip(lives, staff, patrons, records, strict=True):
        number = life.account.number
        made = [people.product_row(p, life, source_id("product", number)) for p in workers]
        made += [people.contact_row(s, source_id("crm", number)) for s in sponsors]
        if any(record.system == "support" for record in own):
            desk = source_id("support", number)
            made += [
                people.requester_row(p, desk, is_linked=number % 7 > 0)
                for p in workers[: people.REQUESTERS]
            ]
        rows += made
        keys += [life.account.key] * len(made)
    return rows, keys


def generate(end: date, *, seed: int = 7, accounts: int = 400, months: int = 15) -> World:
    """The world as its systems knew it at the end of UTC day `end`.

    Args:
        end: last day; the first is the first of the month `months - 1` before that of `end`.
        seed: another seed is another world; the same arguments give the same world.
        accounts: number of accounts after 15 months; 60 % are there on the first day.
        months: calendar months, that of `end` included.

    Returns:
        The world. One that ends later, of the same seed, accounts and first day, repeats all its
        rows (if `end` ends a month: gaps of delivery are never put into the last 14 days).

    Raises:
        ValueError: months < 1, or accounts out of the supply of names.
    """
    window = Window.ending(end, months)
    members = population(seed, window, accounts)
    health, plays = latent(seed, window, members)
    lives = [live(seed, window, account, health[account.number]) for account in members]
    staff = [people.staff(seed, life) for life in lives]
    patrons = [people.sponsors(seed, life) for life in lives]
    records = [records_of(seed, life) for life in lives]
    user_rows, user_keys = _user_rows(lives, staff, patrons, records)

    force = workforce(seed, window, lives, [p for own in staff for p in own], health)
    reporting = {a.number for a in members if a.reports_daily}
    events, usage_daily = events_and_usage(seed, force, reporting)
    flat = [record for own in records for record in own]
    whole = {
        "accounts": frame("accounts", [row for r in flat for row in account_rows(seed, r)]),
        "account_links": frame("account_links", [row for r in flat for row in link_rows(r)]),
        "users": frame("users", user_rows, absent=("sso_claim", "deleted_at", "known_at")),
        "events": events,
        "usage_daily": usage_daily,
        "subscriptions": billing.subscriptions(lives),
        "seat_requests": billing.seat_requests(seed, lives),
        "invoices": billing.invoices(seed, window, lives, health),
        "tickets": support.tickets(seed, window, lives, health),
        "surveys": support.surveys(seed, window, lives, staff, health),
        "milestones": delivery.milestones(seed, window, lives, health),
        "engagements": crm.engagements(seed, window, lives, patrons, health),
        "integrations": delivery.integrations(seed, window, lives, health),
        "sentiments": crm.sentiments(seed, window, lives, health),
        "renewals": renewals.renewals(seed, window, lives, health, plays),
        "interventions": renewals.interventions(lives, plays),
        "outcomes": renewals.outcomes(lives),
    }
    tables = {name: cut(name, whole[name], end) for name in SOURCE_TABLES}
    return World(
        tables=tables,
        truth=truth.accounts(window, lives, health, records),
        truth_records=truth.owners(records, tables["accounts"]),
        truth_users=truth.users(user_rows, user_keys, tables["users"]),
        defects=_spoilt(defects(members[0], window.start), tables),
    )


ROWS_TO_SPOIL = 10
"""A smaller table gets no defect: of a few rows one broken one says that all are."""


def _spoilt(found: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    large = [name for name, rows in tables.items() if rows.height >= ROWS_TO_SPOIL]
    return found.filter(pl.col("table").is_in(large))
