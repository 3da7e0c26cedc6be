"""Landed tables with the account, and the user, that each row is about."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from health_pipeline.core.identity.ids import user_id_of
from health_pipeline.core.identity.records import RECORD
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.core.identity.users import USER
from health_pipeline.core.schemas.results import RESULT_TABLES

NOT_ATTACHED = ("events", "account_links")
"""Events are rolled up in SQL; account_links are evidence, not facts about an account."""

_BY_ACCOUNT = {"account_id": "a_account", "linked_at": "a_linked"}
_BY_USER = {"account_id": "u_account", "user_id": "u_user", "linked_at": "u_linked"}


def _user_in_force(rows: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the link of their user at known_at, else the first one: u_account, u_linked."""
    links = links.drop("rule").rename(_BY_USER)
    first = links.unique(USER, keep="first", maintain_order=True)
    whole = rows.join(first, on=USER, how="left", maintain_order="left")
    if first.height == links.height:  # hardly anybody ever moves
        return whole
    moved = links.filter(~links.select(USER).is_unique())
    then = rows.select(*USER, "known_at").join_asof(
        moved.sort("u_linked").with_columns(pl.col("u_linked").alias("at")),
        left_on="known_at",
        right_on="at",
        by=list(USER),
        check_sortedness=False,
    )
    return whole.with_columns(
        pl.coalesce(then[name], pl.col(name)).alias(name) for name in _BY_USER.values()
    )


def _own_ids(rows: pl.DataFrame) -> pl.Series:
    """user_id by the row's own key, for users that the users table does not know."""
    keys = rows.filter(pl.col("u_user").is_null()).select(USER).unique()
    ids = [
        user_id_of(source, key) if source is not None and key else None
        for source, key in keys.iter_rows()
    ]
    keys = keys.with_columns(pl.Series("own_id", ids, dtype=pl.String))
    return rows.join(keys, on=USER, how="left", nulls_equal=True, maintain_order="left")["own_id"]


def _claimed(name: str, rows: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """`rows` with account_id, linked_at (both null when nobody claims them), user_id."""
    if set(RECORD) <= set(rows.columns):
        xref = identity.account_xref.select(*RECORD, "account_id", "linked_at").rename(_BY_ACCOUNT)
        rows = rows.join(xref, on=RECORD, how="left", maintain_order="left")
    if set(USER) <= set(rows.columns):
        rows = _user_in_force(rows, identity.user_links)
        user = pl.col("u_user")
        if rows["u_user"].null_count():
            user = pl.coalesce(user, _own_ids(rows))
        rows = rows.with_columns(user.alias("user_id"))
    sides = ["u", "a"] if name == "users" else ["a", "u"]
    present = [side for side in sides if f"{side}_account" in rows.columns]
    account = pl.coalesce([f"{side}_account" for side in present])
    linked = pl.coalesce(
        [
            pl.when(pl.col(f"{side}_account").is_not_null()).then(pl.col(f"{side}_linked"))
            for side in present
        ]
    )
    helpers = [f"{side}_{part}" for side in present for part in ("account", "linked")]
    return rows.with_columns(account.alias("account_id"), linked.alias("linked_at")).drop(
        *helpers, "u_user", strict=False
    )


def _unclaimed(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    key = pl.col("source_account_id") if "source_account_id" in rows.columns else pl.lit(None)
    return (
        rows.filter(pl.col("account_id").is_null())
        .group_by("source", key.cast(pl.String).alias("key"))
        .agg(pl.len().alias("rows"))
        .with_columns(
            pl.lit(name).alias("table"),
            pl.lit(
                "no row of accounts has this (source, source_account_id), no account_links row"
                " names it"
            ).alias("why"),
        )
    )


def attach(
    landed: Mapping[str, pl.DataFrame], identity: Identity
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Every landed table but events and account_links, with account_id (and user_id).

    A row is known when both it and its link are known: `known_at` = max(known_at, linked_at).

    Returns:
        The tables, rows without an account left out, in order of their original known_at (so
        that versions keep their order); and the rows left out, in the shape of `unresolved`.
        Users without an account are counted in `Identity.unresolved`, not here again.
    """
    attached: dict[str, pl.DataFrame] = {}
    unresolved = [RESULT_TABLES["unresolved"].empty()]
    for name, rows in landed.items():
        if name in NOT_ATTACHED:
            continue
        claimed = _claimed(name, rows.sort("known_at", maintain_order=True), identity)
        attached[name] = (
            claimed.filter(pl.col("account_id").is_not_null())
            .with_columns(pl.max_horizontal("known_at", "linked_at").alias("known_at"))
            .drop("linked_at")
        )
        if name != "users":
            unresolved.append(RESULT_TABLES["unresolved"].conform(_unclaimed(name, claimed)))
    return attached, pl.concat(unresolved)
