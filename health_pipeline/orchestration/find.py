"""Which account does a person mean: an id, an old alias, a domain, `source:id`, or a name."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from health_pipeline.adapters.store.registry import account_of_alias
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import Stores

PART = "part of the name"


@dataclass(frozen=True, slots=True)
class Match:
    """An account that fits, and by what it was found."""

    account_id: str
    name: str | None
    domain: str | None
    by: str


def _table(stores: Stores, name: str) -> pl.DataFrame:
    frame = stores.lake.frame(name)
    return RESULT_TABLES[name].empty() if frame is None else frame


def find_accounts(stores: Stores, asked: str) -> list[Match]:
    """Accounts that `asked` means, by the first way of naming that fits any; [] when none does."""
    return find_each(stores, [asked])[0]


def find_each(stores: Stores, names: Sequence[str]) -> list[list[Match]]:
    """`find_accounts` of each of `names`, with one look into the lake."""
    accounts, xref = _table(stores, "accounts"), _table(stores, "account_xref")
    xref = xref.select("account_id", record=pl.format("{}:{}", "source", "source_account_id"))
    return [_found(stores, accounts, xref, asked) for asked in names]


def _found(stores: Stores, accounts: pl.DataFrame, xref: pl.DataFrame, asked: str) -> list[Match]:
    wanted = asked.strip().casefold()
    if not wanted:
        return []
    alias = account_of_alias(stores.control, asked)
    xref = xref.filter(pl.col("record") == asked)
    name = pl.col("name").str.to_lowercase()
    ways: tuple[tuple[str, pl.Expr], ...] = (
        ("account_id", pl.col("account_id") == asked),
        ("alias", pl.col("account_id") == (alias or "")),
        ("source:id", pl.col("account_id").is_in(xref["account_id"].to_list())),
        ("domain", pl.col("domain").str.to_lowercase() == wanted),
        ("name", name == wanted),
        (PART, name.str.contains(wanted, literal=True)),
    )
    for by, condition in ways:
        found = accounts.filter(condition).sort("name", "account_id")
        if found.height:
            columns = found.select("account_id", "name", "domain").iter_rows()
            return [Match(account_id, name, domain, by) for account_id, name, domain in columns]
    return []
