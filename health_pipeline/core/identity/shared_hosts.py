"""Hosts that many companies share and that no list names: acme.desk.io, beta.desk.io, ..."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.identity.standardise import written_hosts

MANY = 3
"""So many different hosts of one source below one domain look like tenants, not like a company."""

SERVICES = (
    *("api", "app", "blog", "careers", "docs", "en", "go", "help", "info", "login", "m", "mail"),
    *("my", "portal", "shop", "sso", "status", "store", "support", "web", "www"),
)
"""Hosts of a company's own that say nothing about whose it is."""


def shared_host(told: pl.DataFrame) -> pl.Series:
    """Why a host below a domain gives no key: `told`'s source shows `MANY` hosts below it.

    Args:
        told: source, written, key.

    Returns:
        Null where the value is the domain itself, or a key.
    """
    rows = told.select("source", "written", "key").with_row_index("row")
    below = rows.filter(pl.col("written").str.len_chars() != pl.col("key").str.len_chars())
    below = below.with_columns(
        written_hosts(below["written"].str.to_lowercase()).alias("host")
    ).with_columns(
        pl.col("host").str.strip_suffix(pl.concat_str(pl.lit("."), "key")).alias("label")
    )
    tenants = below.filter((pl.col("label") != pl.col("host")) & ~pl.col("label").is_in(SERVICES))
    many = (
        tenants.group_by("source", "key")
        .agg(pl.col("host").n_unique().alias("hosts"))
        .filter(pl.col("hosts") >= MANY)
    )
    found = tenants.join(many, on=["source", "key"]).select(
        "row",
        pl.format(
            "{} hosts of this source stand below {}: does everybody share it?", "hosts", "key"
        ).alias("why"),
    )
    why = pl.Series("why", [None], dtype=pl.String).new_from_index(0, told.height)
    return why.scatter(found["row"], found["why"])
