"""What our people deliver: onboarding and rollout milestones (in the CRM), and integrations."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from health_pipeline.adapters.sample.life import Life
from health_pipeline.adapters.sample.records import crm_row, source_id
from health_pipeline.adapters.sample.tables import frame
from health_pipeline.adapters.sample.window import (
    Floats,
    Window,
    at,
    days_after,
    month_days,
    month_key,
    stream,
)
from health_pipeline.core.schemas.columns import TIMESTAMP

ONBOARDING = (("Kickoff held", 7), ("Data connected", 21), ("Team invited", 30))
ONBOARDING_END = (("First workflow live", 45), ("Handover done", 75))
ROLLOUTS = (
    ("Second team rollout", (("Second team invited", 14), ("Second team live", 45))),
    ("API rollout", (("API keys issued", 10), ("API integration live", 50))),
    ("Reporting rollout", (("Reports agreed", 20), ("Monthly report live", 60))),
)
CONNECTORS = ("Warehouse sync", "CRM sync", "Ticket sync", "Calendar sync")
DAYS_BETWEEN_PROJECTS = 210


def _plan(life: Life, number: int) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Name and milestones (name, days from the start) of the account's project `number`."""
    if number:
        return ROLLOUTS[(life.account.number + number) % len(ROLLOUTS)]
    single_sign_on = (("SSO live", 38),) if life.account.plan == "Enterprise" else ()
    return "Onboarding", ONBOARDING + single_sign_on + ONBOARDING_END


def _versions(row: dict[str, Any], due_on: date, done_on: date) -> list[dict[str, Any]]:
    """Planned, then rescheduled if it will be late (twice if very late), then completed."""
    planned = row | {"due_on": due_on, "known_at": at(row["starts_on"], 9 * 3600)}
    versions = [planned]
    late = (done_on - due_on).days
    if late > 5:
        moved = due_on + timedelta(days=min(late, 14))
        versions.append(planned | {"due_on": moved, "known_at": at(due_on, 16 * 3600)})
    if late > 20:
        again = versions[-1]["due_on"] + timedelta(days=21)
        told = at(versions[-1]["due_on"], 15 * 3600)
        versions.append(versions[-1] | {"due_on": again, "known_at": told})
    versions.append(versions[-1] | {"completed_on": done_on, "known_at": at(done_on, 17 * 3600)})
    return [v for v in versions[:-1] if v["known_at"] < versions[-1]["known_at"]] + versions[-1:]


def _project(
    seed: int, window: Window, life: Life, path: Floats, number: int, starts_on: date
) -> list[dict[str, Any]]:
    rng = stream(seed, "projects", life.account.number, number)
    project, steps = _plan(life, number)
    slow = 1.5 if life.account.plan == "Enterprise" else 1.0
    health = float(path[window.index(starts_on + timedelta(days=30))])
    lag, rows = 0.0, []
    for n, (name, days) in enumerate(steps):
        lag += rng.gamma(1.0, 4.5) * np.exp(-0.65 * health) - 3.0
        due_on = days_after(starts_on, days * slow)
        done_on = max(days_after(due_on, lag), starts_on + timedelta(days=1))
        row = {
            **crm_row(life, "milestone_id", f"ms-{life.account.number:04d}-{number}{n}"),
            "project": project,
            "name": name,
            "is_onboarding": number == 0,
            "is_first_value": name == "First workflow live",
            "starts_on": starts_on,
            "original_due_on": due_on,
            "completed_on": None,
        }
        rows += _versions(row, due_on, done_on)
    return [r for r in rows if life.is_live(r["known_at"].date())]


def milestones(seed: int, window: Window, lives: list[Life], health: Floats) -> pl.DataFrame:
    """Onboarding of every account, then a rollout project every seven months."""
    rows: list[dict[str, Any]] = []
    for life in lives:
        if life.account.product_only:
            continue
        starts_on, number = life.account.started_on, 0
        while starts_on <= window.last:
            path = health[life.account.number]
            rows += _project(seed, window, life, path, number, starts_on)
            starts_on += timedelta(days=DAYS_BETWEEN_PROJECTS)
            number += 1
    return frame("milestones", rows)


def _observed(
    rng: np.random.Generator, days: list[date], path: Floats
) -> tuple[list[str], list[float]]:
    """Status and hours since the last sync of one connector on each of `days`.

    Failures come in runs of days: a month has at most one, more likely in poor health.
    """
    u, first, length = rng.random(31), int(rng.integers(0, 28)), 1 + int(rng.exponential(4))
    ill = rng.random() < 0.09 * np.exp(-0.7 * float(path.mean()))
    statuses, hours = [], []
    for n in range(len(days)):
        failed = ill and first <= n < first + length
        degraded = not failed and u[n] < 0.015
        statuses.append("failed" if failed else "degraded" if degraded else "ok")
        hours.append((n - first + 1) * 24.0 if failed else 30.0 if degraded else 2 + 6 * u[n])
    return statuses, hours


def _connector(seed: int, window: Window, life: Life, path: Floats, connector: int) -> pl.DataFrame:
    account = life.account
    gaps = set(window.product_gaps)
    days: list[date] = []
    statuses: list[str] = []
    hours: list[float] = []
    for first in window.months:
        month = month_days(first)
        start = window.index(first)
        rng = stream(seed, "connectors", account.number, connector, month_key(first))
        status, hour = _observed(rng, month, path[start : start + len(month)])
        keep = [n for n, day in enumerate(month) if life.is_live(day) and day not in gaps]
        days += [month[n] for n in keep]
        statuses += [status[n] for n in keep]
        hours += [hour[n] for n in keep]
    observed: list[datetime] = [at(day, 6 * 3600) for day in days]
    synced = [t - timedelta(hours=int(h)) for t, h in zip(observed, hours, strict=True)]
    return pl.DataFrame(
        {
            "integration_id": pl.Series([f"int-{account.number:04d}-{connector}"] * len(days)),
            "source_account_id": [source_id("product", account.number)] * len(days),
            "name": [CONNECTORS[(account.number + connector) % len(CONNECTORS)]] * len(days),
            "is_crucial": [connector == 0] * len(days),
            "observed_at": pl.Series(observed, dtype=TIMESTAMP),
            "status": pl.Series(statuses, dtype=pl.String),
            "last_synced_at": pl.Series(synced, dtype=TIMESTAMP),
        }
    )


def integrations(seed: int, window: Window, lives: list[Life], health: Floats) -> pl.DataFrame:
    """One observation a day of the connectors of six accounts in ten; no `known_at`."""
    parts = [frame("integrations", [], absent=("known_at",))]
    for life in lives:
        u = stream(seed, "has connectors", life.account.number).random()
        for connector in range((u < 0.6) + (u < 0.15)):
            part = _connector(seed, window, life, health[life.account.number], connector)
            rows = part.with_columns(
                pl.lit("product").alias("source"), pl.lit(24.0).alias("expected_sync_hours")
            )
            parts.append(rows.select(parts[0].columns).cast(parts[0].schema))
    return pl.concat(parts)
