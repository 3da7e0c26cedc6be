"""What is true of the world by the end of its last day: for tests, never for the product."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from health_pipeline.adapters.sample.life import Life
from health_pipeline.adapters.sample.records import SYSTEMS, Record, truth_row
from health_pipeline.adapters.sample.window import Floats, Window

ACCOUNTS = {
    "true_account": pl.String(),
    "name": pl.String(),
    "plan": pl.String(),
    "region": pl.String(),
    "started_on": pl.Date(),
    "parent": pl.String(),
    "is_customer": pl.Boolean(),
    "sends_events": pl.Boolean(),
    "churned_on": pl.Date(),
    "churn_kind": pl.String(),
    "notice_on": pl.Date(),
    "slip_on": pl.Date(),
    "is_quiet_churner": pl.Boolean(),
    "health_start": pl.Float64(),
    "health_end": pl.Float64(),
    **{f"{system}_id": pl.String() for system in SYSTEMS},
}
RECORDS = {
    "source": pl.String(),
    "source_account_id": pl.String(),
    "true_account": pl.String(),
    "link": pl.String(),
}
USERS = {"source": pl.String(), "source_user_id": pl.String(), "true_account": pl.String()}


def _by(day: date | None, end: date) -> date | None:
    return day if day is not None and day <= end else None


def _account(life: Life, window: Window, path: Floats, own: list[Record]) -> dict[str, Any]:
    account, end = life.account, window.end
    churned_on = _by(life.churned_on, end)
    first = window.index(max(account.started_on, window.start))
    last = window.index(min(churned_on or end, end))
    ids = {f"{r.system}_id": r.source_account_id for r in own}
    return {
        "true_account": account.key,
        "name": account.name,
        "plan": account.plan,
        "region": account.region,
        "started_on": account.started_on,
        "parent": None if account.parent is None else f"A{account.parent:04d}",
        "is_customer": not account.product_only,
        "sends_events": not account.reports_daily,
        "churned_on": churned_on,
        "churn_kind": life.churn_kind if churned_on else None,
        "notice_on": _by(life.notice_on, end),
        "slip_on": _by(life.slip_on, end) if churned_on else None,
        "is_quiet_churner": life.is_quiet and churned_on is not None,
        "health_start": float(path[first]),
        "health_end": float(path[last]),
        **ids,
    }


def accounts(
    window: Window, lives: list[Life], health: Floats, records: list[list[Record]]
) -> pl.DataFrame:
    """One row for each true account that began by the end: its fate, its health, its ids.

    `slip_on` is the day on which a churner's health began to slip; null for those who just left.
    """
    rows = [
        _account(life, window, health[life.account.number], own)
        for life, own in zip(lives, records, strict=True)
        if life.account.started_on <= window.end
    ]
    return pl.DataFrame(rows, schema=ACCOUNTS)


def owners(records: list[list[Record]], known: pl.DataFrame) -> pl.DataFrame:
    """The true account of each record of table `known` (`accounts`), and how it can be linked."""
    rows = pl.DataFrame([truth_row(r) for own in records for r in own], schema=RECORDS)
    keys = ["source", "source_account_id"]
    return rows.join(known.select(keys).unique(), on=keys, how="semi").sort(keys)


def users(rows: list[dict[str, Any]], keys: list[str], known: pl.DataFrame) -> pl.DataFrame:
    """The true account of each user of table `known`; `keys` stand beside `rows`."""
    ids = [(row["source"], row["source_user_id"], key) for row, key in zip(rows, keys, strict=True)]
    by = ["source", "source_user_id"]
    return pl.DataFrame(ids, schema=USERS, orient="row").join(known, on=by, how="semi").sort(by)
