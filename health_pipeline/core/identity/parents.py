"""Which company each account belongs to, as its records say; never in a circle."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.identity.landed import RECORD, optional


def parents_of(accounts: pl.DataFrame, account_xref: pl.DataFrame) -> pl.DataFrame:
    """The parent that an account's records name, of several the first by source.

    Returns:
        account_id, parent_account_id; source, source_account_id of the record that says so.
    """
    parent = {"source_account_id": "parent_source_account_id", "account_id": "parent_account_id"}
    return (
        accounts.select(
            "account_id", *RECORD, optional(accounts, "parent_source_account_id", pl.String())
        )
        .join(
            account_xref.select(*RECORD, "account_id").rename(parent),
            on=["source", "parent_source_account_id"],
        )
        .filter(pl.col("parent_account_id") != pl.col("account_id"))
        .sort("account_id", "source", "parent_account_id", "source_account_id")
        .unique("account_id", keep="first", maintain_order=True)
        .select("account_id", "parent_account_id", *RECORD)
    )


def without_circles(parents: pl.DataFrame) -> pl.DataFrame:
    """`parents` with `circle`: null, or the accounts of the circle in which the row stands.

    A company that is its own grandparent has no parent: the one of a circle with the least
    account_id is its top, and its row is the one that is marked.
    """
    up = dict(parents.select("account_id", "parent_account_id").iter_rows())
    seen: set[str] = set()
    circles: dict[str, str] = {}
    for start in up:
        path: list[str] = []
        at: str | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = up.get(at)
        if at in path:
            ring = path[path.index(at) :]
            top = ring.index(min(ring))
            circles[ring[top]] = " → ".join([*ring[top:], *ring[:top], ring[top]])
    told = pl.Series("circle", [circles.get(a) for a in parents["account_id"]], dtype=pl.String)
    return parents.with_columns(told)


def lost_parents(accounts: pl.DataFrame, account_xref: pl.DataFrame) -> pl.DataFrame:
    """Parent companies that roll up nothing, in the shape of `unresolved`.

    Those that go round in a circle, and those that name no record of their source.

    Args:
        accounts: landed accounts, all versions; the latest counts.
        account_xref: names the account of each record.
    """
    latest = accounts.sort("known_at", maintain_order=True).unique(
        RECORD, keep="last", maintain_order=True
    )
    latest = latest.join(account_xref.select(*RECORD, "account_id"), on=RECORD)
    rings = without_circles(parents_of(latest, account_xref)).drop_nulls("circle")
    ring = pl.format("parent companies in a circle: {}; this parent is left out", "circle")
    unknown = pl.lit("its source has no account of the id that it names as its parent company")
    return pl.concat([_told(rings, ring), _told(_unknown_parents(latest, account_xref), unknown)])


def _unknown_parents(accounts: pl.DataFrame, account_xref: pl.DataFrame) -> pl.DataFrame:
    named = accounts.select(
        *RECORD, optional(accounts, "parent_source_account_id", pl.String())
    ).drop_nulls("parent_source_account_id")
    records = account_xref.select(
        "source", pl.col("source_account_id").alias("parent_source_account_id")
    )
    return named.join(
        records, on=["source", "parent_source_account_id"], how="anti", maintain_order="left"
    )


def _told(records: pl.DataFrame, why: pl.Expr) -> pl.DataFrame:
    return records.select(
        pl.lit("accounts").alias("table"),
        "source",
        pl.col("source_account_id").alias("key"),
        why.alias("why"),
        pl.lit(1, pl.Int64).alias("rows"),
    )
