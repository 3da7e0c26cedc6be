"""Small landed tables for the identity tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import polars as pl

from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.resolve import REGISTRY_COLUMNS
from health_pipeline.core.schemas.sources import SOURCE_TABLES

NO_REGISTRY = pl.DataFrame(schema=REGISTRY_COLUMNS)

RULES = IdentityRules(
    public_domains=frozenset({"gmail.com"}),
    legal_suffixes=("inc", "gmbh", "ltd", "co", "kg", "s.a."),
    precedence={
        "default": ("billing", "crm", "product", "support"),
        "owner_email": ("crm", "billing"),
    },
    roles={"hubspot": "crm", "stripe": "billing", "app": "product", "zendesk": "support"},
)


def at(day: int, month: int = 1, year: int = 2026) -> datetime:
    return datetime.combine(date(year, month, day), time(12), tzinfo=UTC)


def landed(table: str, *rows: dict[str, object], assumed: bool = False) -> pl.DataFrame:
    """Rows of `table` as landed, with the columns that any row names."""
    used = {name for row in rows for name in row}
    schema = {n: t for n, t in SOURCE_TABLES[table].schema.items() if n in used}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    return frame.with_columns(
        pl.lit(value=assumed).alias("known_assumed"), pl.lit("test").alias("origin")
    )


def account(key: str, known: int = 1, **more: object) -> dict[str, object]:
    """`key` is source:id, `known` a day of January 2026."""
    source, _, record = key.partition(":")
    return {"source": source, "source_account_id": record, "known_at": at(known), **more}


def link(key: str, kind: str, value: str, known: int = 1, **more: object) -> dict[str, object]:
    return {**account(key, known), "kind": kind, "value": value, **more}


def user(key: str, known: int = 1, **more: object) -> dict[str, object]:
    source, _, record = key.partition(":")
    return {"source": source, "source_user_id": record, "known_at": at(known), **more}
