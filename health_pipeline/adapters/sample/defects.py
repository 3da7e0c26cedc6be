"""A handful of broken rows, as real exports have them: each must end in quarantine, alone.

They are kept out of the tables and added to the files as text when the world is written, because
most of them cannot be held by a typed column. `rule` names what is wrong and in which column, in
the words of the quarantine: missing_required, not_a_timestamp, not_a_date, not_a_number,
not_an_integer, not_allowed, below_minimum, above_maximum; and before_first_year for an event of
the last century, which keeps the contract but not the history of the product.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl

from health_pipeline.adapters.sample.population import Account
from health_pipeline.adapters.sample.records import source_id
from health_pipeline.core.schemas.sources import SOURCE_TABLES

SCHEMA = {"table": pl.String(), "key": pl.String(), "rule": pl.String(), "row": pl.String()}
BAD = {
    # table: rule, the column that breaks it, its value
    "accounts": (
        ("not_a_timestamp", "created_at", "last spring"),
        ("below_minimum", "employees", "-12"),
        ("missing_required", "source_account_id", None),
    ),
    "users": (
        ("not_a_timestamp", "created_at", "in March"),
        ("missing_required", "source_user_id", None),
    ),
    "subscriptions": (("below_minimum", "arr", "-1200.00"), ("not_a_date", "starts_on", "soon")),
    "seat_requests": (("not_an_integer", "seats", "a few"),),
    "invoices": (("not_a_number", "amount", "12,5O"), ("missing_required", "due_on", None)),
    "tickets": (
        ("not_allowed", "priority", "blazing"),
        ("above_maximum", "satisfaction", 11),
        ("not_a_timestamp", "opened_at", "yesterday"),
    ),
    "surveys": (("not_allowed", "kind", "poll"),),
    "milestones": (("not_a_date", "due_on", "2024-02-31"),),
    "engagements": (("not_allowed", "direction", "sideways"),),
    "sentiments": (("above_maximum", "score", "9"),),
    "interventions": (("missing_required", "play", None),),
    "outcomes": (("not_allowed", "kind", "vanished"),),
    "events": (
        ("before_first_year", "occurred_at", "1999-12-31T23:00:00Z"),
        ("missing_required", "event_id", None),
    ),
}
SOURCE_OF = {
    "users": "product",
    "events": "product",
    "surveys": "product",
    "tickets": "support",
    "subscriptions": "billing",
    "seat_requests": "billing",
    "invoices": "billing",
}


def _sound(account: Account, noon: str) -> dict[str, Any]:
    """A value that fits each column, whatever the table."""
    day = noon[:10]
    return {
        "name": "Broken Row",
        "email": "analyst-900@broken.example",
        "event_name": "login",
        "priority": "normal",
        "kind": "call",
        "direction": "in",
        "project": "Onboarding",
        "play": "settle_billing",
        "owner_email": account.owner_email,
        "currency": "USD",
        "seats": "5",
        "score": "4",
        "amount": "100.00",
        "arr": "1500.00",
        **dict.fromkeys(("starts_on", "requested_on", "issued_on", "due_on", "occurred_on"), day),
        **dict.fromkeys(("created_at", "opened_at", "occurred_at", "answered_at"), noon),
        **dict.fromkeys(("recorded_at", "received_at"), noon),
    }


def _row(account: Account, table: str, number: int, noon: str) -> dict[str, Any]:
    """A sound row of `table` with an id of its own: `tickets-bad-1`."""
    contract, system = SOURCE_TABLES[table], SOURCE_OF.get(table, "crm")
    sound = {c: v for c, v in _sound(account, noon).items() if c in contract.names}
    owner = {"source": system, "source_account_id": source_id(system, account.number)}
    own_id = next((c for c in contract.key if c.endswith("_id") and c not in owner), None)
    if table == "accounts":
        own_id = "source_account_id"
    return sound | owner | ({own_id: f"{table}-bad-{number}"} if own_id else {})


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def defects(account: Account, start: date) -> pl.DataFrame:
    """The broken rows, all said to be of one account and of noon on `start`.

    Returns:
        table, key (JSON of the key's columns, as the quarantine has it), rule, row (JSON).
    """
    noon = f"{start.isoformat()}T12:00:00Z"
    rows = []
    for table, faults in BAD.items():
        for number, (rule, column, value) in enumerate(faults, start=1):
            row = _row(account, table, number, noon) | {column: value}
            key = {c: row.get(c) for c in SOURCE_TABLES[table].key}
            rows.append((table, _json(key), f"{rule}:{column}", _json(row)))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
