"""One value for each attribute of an account: the most trusted system that has one."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.records import RECORD, optional

ATTRIBUTES: dict[str, pl.DataType] = {
    "name": pl.String(),
    "domain": pl.String(),
    "plan": pl.String(),
    "region": pl.String(),
    "customer_tier": pl.String(),
    "deployment": pl.String(),
    "industry": pl.String(),
    "owner_email": pl.String(),
    "exec_email": pl.String(),
    "employees": pl.Int64(),
}


def _rank(sources: Sequence[str], order: Sequence[str], rules: IdentityRules) -> list[int]:
    """The place of each source in `order`, where it stands by its name or its role."""

    def place(source: str) -> int:
        names = {source, rules.roles.get(source)}
        return next((n for n, name in enumerate(order) if name in names), len(order))

    return [place(source) for source in sources]


def _ranked(rows: pl.DataFrame, attribute: str, rules: IdentityRules) -> pl.DataFrame:
    order = rules.precedence.get(attribute, rules.precedence.get("default", ()))
    sources = rows["source"].unique().sort()
    place = pl.col("source").replace_strict(
        sources, _rank(sources.to_list(), order, rules), return_dtype=pl.Int64
    )
    return rows.sort(
        place, "source", "known_at", *RECORD[1:], descending=[False, False, True, False]
    )


def attributes(
    accounts: pl.DataFrame, terms: pl.DataFrame | None, rules: IdentityRules
) -> pl.DataFrame:
    """Account attributes by precedence.

    For each attribute the most trusted source with a value decides (`rules.precedence`, by role
    or source; sources that no list names come last, by name), and of its records the latest.

    Args:
        accounts: `accounts` as of the day, with account_id.
        terms: subscriptions that count on the day, with account_id: a further say on `plan`.
        rules: precedence and roles.

    Returns:
        account_id and `ATTRIBUTES`.
    """
    common = ["account_id", *RECORD, "known_at"]
    rows = accounts.select(
        *common, *(optional(accounts, name, dtype) for name, dtype in ATTRIBUTES.items())
    )
    if terms is not None and "plan" in terms.columns:
        plans = _largest(terms).select(*common, "plan")
        settled, rows = _settled(rows, plans)
    else:
        settled, rows = _settled(rows, rows.select(*common, "plan").clear())
    return pl.concat([settled, _by_precedence(rows, rules)]).sort("account_id")


def _largest(terms: pl.DataFrame) -> pl.DataFrame:
    """Of several terms of one source the largest, then the latest, then by id: it has the plan."""
    size = optional(terms, "arr", pl.Float64())
    return terms.sort(
        *(size, "starts_on", "subscription_id"), descending=[True, True, False], nulls_last=True
    ).unique(["account_id", "source"], keep="first", maintain_order=True)


def _settled(rows: pl.DataFrame, plans: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accounts of one record whose plan nobody disputes; and all rows of the others.

    Most accounts are such ones, and for them nothing has to be ordered by precedence.
    """
    said = plans.group_by("account_id").agg(
        termed=pl.col("plan").drop_nulls().first(), plans=pl.col("plan").drop_nulls().n_unique()
    )
    both = rows.filter(pl.col("account_id").is_unique()).join(said, on="account_id", how="left")
    differs = pl.col("plan") != pl.col("termed")
    agreed = both.filter(~((pl.col("plans") > 1) | differs).fill_null(value=False))
    settled = agreed.with_columns(plan=pl.coalesce("plan", "termed"))
    rest = pl.concat([rows, plans], how="diagonal").join(settled, on="account_id", how="anti")
    return settled.select("account_id", *ATTRIBUTES), rest


def _by_precedence(rows: pl.DataFrame, rules: IdentityRules) -> pl.DataFrame:
    if rows.is_empty():
        return rows.select("account_id", *ATTRIBUTES)
    by_order: dict[tuple[str, ...], list[str]] = {}
    for name in ATTRIBUTES:
        order = rules.precedence.get(name, rules.precedence.get("default", ()))
        by_order.setdefault(order, []).append(name)
    whole = rows.select(pl.col("account_id").unique().sort())
    for names in by_order.values():
        chosen = (
            _ranked(rows, names[0], rules)
            .group_by("account_id")
            .agg(pl.col(name).drop_nulls().first() for name in names)
        )
        whole = whole.join(chosen, on="account_id", how="left", maintain_order="left")
    return whole.select("account_id", *ATTRIBUTES)
