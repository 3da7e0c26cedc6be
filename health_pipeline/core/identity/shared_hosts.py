"""Domains that many companies share and that no list names: acme.desk.io, desk.io/acme, ..."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.public_hosts import SERVICES, public_hosts
from health_pipeline.core.identity.standardise import domains, written_hosts
from health_pipeline.core.identity.tenants import pages, with_page

MANY = 3
"""So many hosts or pages of one source below one domain look like tenants, not like a company."""


def shared_host(told: pl.DataFrame) -> pl.Series:
    """Why a host or page below a domain gives no key: `told`'s source shows `MANY` of them.

    Pages count where as many records show them: one company may show several of its own.

    Args:
        told: source, rec, written, key.

    Returns:
        Null where the value is the domain itself, or a key.
    """
    rows = told.select("source", "rec", "written", "key").with_row_index("row")
    below = rows.filter(pl.col("written").str.len_chars() != pl.col("key").str.len_chars())
    below = below.with_columns(pl.col("written").str.to_lowercase())
    why = pl.Series("why", [None], dtype=pl.String).new_from_index(0, told.height)
    for found in (_pages(below), _hosts(below)):  # where both are told, the hosts
        why = why.scatter(found["row"], found["why"])
    return why


def with_own_domains(
    rows: pl.DataFrame, rules: IdentityRules, column: str = "domain"
) -> pl.DataFrame:
    """`rows` (source, …) with `column`, where they have it, as the company's own domain or null."""
    if column not in rows.columns:
        return rows
    told = rows.select("source", written=column).with_row_index("rec")
    # Records of several systems mostly write one thing.
    each = told.select(pl.col("written").unique())
    each = each.with_columns(domains(each["written"], public_hosts(rules)).alias("key"))
    told = told.join(each, on="written", how="left", maintain_order="left")
    own = pl.when(shared_host(told).is_null()).then(told["key"])
    return rows.with_columns(own.alias(column))


def _hosts(below: pl.DataFrame) -> pl.DataFrame:
    """row, why of hosts among many below one domain."""
    below = below.with_columns(written_hosts(below["written"]).alias("host")).with_columns(
        pl.col("host").str.strip_suffix(pl.concat_str(pl.lit("."), "key")).alias("label")
    )
    tenants = below.filter((pl.col("label") != pl.col("host")) & ~pl.col("label").is_in(SERVICES))
    hosts = pl.col("host").n_unique()
    return _of_many(tenants, hosts, "{} hosts of this source stand below {}")


def _pages(below: pl.DataFrame) -> pl.DataFrame:
    """row, why of pages among many of one domain."""
    slashed = below.filter(pl.col("written").str.contains(r"[^/\\:][/\\][^/\\]"))
    slashed = slashed.with_columns(pl.col("written").str.strip_chars())
    paged = slashed.filter(with_page(slashed["written"])).filter(pl.col("key").is_duplicated())
    paged = paged.with_columns(pages(paged["written"]).alias("page"))
    records = pl.min_horizontal(pl.col("page", "rec").n_unique())
    return _of_many(paged, records, "{} records of this source show pages of {}")


def _of_many(rows: pl.DataFrame, count: pl.Expr, words: str) -> pl.DataFrame:
    """row, why of those of `rows` of whose source and key `count` is `MANY` or more."""
    many = rows.group_by("source", "key").agg(count.alias("count"))
    why = pl.format(f"{words}: does everybody share it?", "count", "key").alias("why")
    found = rows.join(many.filter(pl.col("count") >= MANY), on=["source", "key"])
    return found.select("row", why)
