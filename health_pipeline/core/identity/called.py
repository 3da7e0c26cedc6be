"""What the records of an account are called, for people who know a company by one of them."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.records import RECORD, optional
from health_pipeline.core.identity.shared_hosts import with_own_domains

CALLED: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "kind": pl.String(),
    "value": pl.String(),
}
"""`kind` is domain or name; `value` the company's own domain, or the name in lower case."""


def called(
    accounts: pl.DataFrame | None,
    links: pl.DataFrame | None,
    account_xref: pl.DataFrame,
    rules: IdentityRules,
) -> pl.DataFrame:
    """Domains and names of all records: those of now, and further ones that links tell.

    Args:
        accounts: landed, all versions; None where not connected.
        links: `account_links` as landed; None where not connected.
        account_xref: source, source_account_id, account_id.
        rules: hosts that are no company's own domain.

    Returns:
        `CALLED`, each row once.
    """
    told = [pl.DataFrame(schema=dict.fromkeys((*RECORD, "kind", "value"), pl.String()))]
    if accounts is not None:
        ordered = accounts.sort("known_at", maintain_order=True)
        latest = ordered.unique(RECORD, keep="last", maintain_order=True)
        told += [_told(latest, kind, kind) for kind in ("domain", "name")]
    if links is not None:
        told.append(_told(links.filter(pl.col("kind") == "domain"), "domain", "value"))
        told.append(_told(links.filter(pl.col("kind") == "alias"), "name", "value"))
    rows = pl.concat(told)
    domains = with_own_domains(rows.filter(pl.col("kind") == "domain"), rules, "value")
    name = pl.col("value").str.strip_chars().str.replace_all(r"\s+", " ").str.to_lowercase()
    names = rows.filter(pl.col("kind") == "name").with_columns(name)
    known = account_xref.select(*RECORD, "account_id")
    both = pl.concat([domains, names]).drop_nulls("value").join(known, on=RECORD)
    return both.select(*CALLED).unique().sort(*CALLED)


def _told(rows: pl.DataFrame, kind: str, column: str) -> pl.DataFrame:
    value = optional(rows, column, pl.String()).alias("value")
    return rows.select(*RECORD, pl.lit(kind).alias("kind"), value)
