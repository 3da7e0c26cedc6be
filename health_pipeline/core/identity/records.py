"""The source records that claim to be an account, and the exact keys that they carry."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.standardise import domains, names
from health_pipeline.core.schemas.columns import TIMESTAMP

RECORD = ("source", "source_account_id")

_RECORDS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "source_account_id": pl.String(),
    "name": pl.String(),
    "known_at": TIMESTAMP,
}
_KEYS: dict[str, pl.DataType] = {
    "rule": pl.String(),
    "scope": pl.String(),
    "value": pl.String(),
    "source": pl.String(),
    "source_account_id": pl.String(),
    "known_at": TIMESTAMP,
}


def table_of(landed: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame | None:
    """The landed table, None when it is not connected or holds no row."""
    frame = landed.get(name)
    return None if frame is None or frame.is_empty() else frame


def optional(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """Column `name`, or nulls where no source provides it."""
    column = pl.col(name) if name in frame.columns else pl.lit(None)
    return column.cast(dtype).alias(name)


def _shaped(parts: list[pl.DataFrame], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """`parts` below each other in `schema`; columns that a part lacks are null."""
    shaped = [p.select(optional(p, name, dtype) for name, dtype in schema.items()) for p in parts]
    whole = pl.concat([pl.DataFrame(schema=schema), *shaped])
    return whole.filter(pl.all_horizontal(pl.col(RECORD).is_not_null()))


def account_ids_of_links(links: pl.DataFrame) -> pl.DataFrame:
    """The usable foreign keys: source, source_account_id, linked_source, value, known_at."""
    linked = links.with_columns(optional(links, "linked_source", pl.String()))
    return linked.filter(
        (pl.col("kind") == "account_id") & pl.col("linked_source").is_not_null()
    ).select(*RECORD, "linked_source", "value", "known_at")


def account_records(landed: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All account records, in anchor order: least (known_at, source, source_account_id) first.

    A record is a row of `accounts`, either end of an `account_links` row, or, where nobody hands
    in accounts at all, any (source, source_account_id) that some row carries.

    Returns:
        rec (int, the place in that order), source, source_account_id, name (the latest, for
        people), known_at (the first).
    """
    accounts, links = table_of(landed, "accounts"), table_of(landed, "account_links")
    parts = [accounts] if accounts is not None else []
    if accounts is None:
        keyed = [f for f in landed.values() if {*RECORD, "known_at"} <= set(f.columns)]
        parts += [frame.select(*RECORD, "known_at") for frame in keyed]
    if links is not None:
        far_end = {"linked_source": "source", "value": "source_account_id"}
        foreign = account_ids_of_links(links).drop(RECORD).rename(far_end)
        parts += [links.select(*RECORD, "known_at"), foreign]
    return (
        _shaped(parts, _RECORDS)
        .group_by(RECORD)
        .agg(
            pl.col("name").sort_by("known_at", "name").drop_nulls().last(),
            pl.col("known_at").min(),
        )
        .sort("known_at", *RECORD)
        .with_row_index("rec")
        .with_columns(pl.col("rec").cast(pl.Int64))
    )


def _key(frame: pl.DataFrame, rule: str, values: pl.Series) -> pl.DataFrame:
    return frame.select(*RECORD, "known_at").with_columns(
        pl.lit(rule).alias("rule"), pl.lit("").alias("scope"), values.alias("value")
    )


def _keys_of_accounts(accounts: pl.DataFrame, rules: IdentityRules) -> list[pl.DataFrame]:
    parts = []
    if "domain" in accounts.columns:
        # An explicit "not verified" is somebody's typing, not evidence; null says nothing.
        doubted = optional(accounts, "domain_verified", pl.Boolean()).not_()
        trusted = accounts.filter(~doubted.fill_null(value=False))
        parts.append(_key(trusted, "domain", domains(trusted["domain"], rules.public_domains)))
    if "name" in accounts.columns:
        parts.append(_key(accounts, "name", names(accounts["name"], rules.legal_suffixes)))
    return parts


def _keys_of_links(
    links: pl.DataFrame, records: pl.DataFrame, rules: IdentityRules
) -> list[pl.DataFrame]:
    further = links.filter(pl.col("kind") == "domain")
    aliases = links.filter(pl.col("kind") == "alias")
    foreign = account_ids_of_links(links).rename({"linked_source": "scope"})
    # Every record carries its own id as a key, so that a foreign key meets it there.
    own = records.select(
        *RECORD,
        "known_at",
        pl.col("source").alias("scope"),
        pl.col("source_account_id").alias("value"),
    )
    return [
        _key(further, "domain", domains(further["value"], rules.public_domains)),
        _key(aliases, "name", names(aliases["value"], rules.legal_suffixes)),
        foreign.with_columns(pl.lit("foreign_key").alias("rule")),
        own.with_columns(pl.lit("foreign_key").alias("rule")),
    ]


def account_keys(
    landed: Mapping[str, pl.DataFrame], records: pl.DataFrame, rules: IdentityRules
) -> pl.DataFrame:
    """Which record carried which key since when.

    Every version of a row counts from its own known_at, and a key once shown goes on linking:
    old email addresses and invoices outlive a change of name.

    Returns:
        rule, scope (system of a foreign key, else empty), value, rec, known_at; one row for each
        key and record, sorted.
    """
    accounts, links = table_of(landed, "accounts"), table_of(landed, "account_links")
    parts = _keys_of_accounts(accounts, rules) if accounts is not None else []
    if links is not None:
        parts += _keys_of_links(links, records, rules)
    return (
        _shaped(parts, _KEYS)
        .drop_nulls("value")
        .join(records.select(*RECORD, "rec"), on=RECORD)
        .group_by("rule", "scope", "value", "rec")
        .agg(pl.col("known_at").min())
        .sort("rule", "scope", "value", "known_at", "rec")
    )
