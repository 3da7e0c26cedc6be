"""Which account does a person mean: an id, an old alias, a domain, `source:id`, or a name.

Where no account is called so, the domains and names of its records count: a company that was
merged into another one is still found by its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from health_pipeline.adapters.store.registry import account_of_alias
from health_pipeline.core.identity.called import called
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.landed import landed, standing_links

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
    book = _Book(stores)
    return [book.found(asked) for asked in names]


class _Book:
    """What accounts and their records are called."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._accounts = _table(stores, "accounts")
        self._xref = _table(stores, "account_xref")

    def found(self, asked: str) -> list[Match]:
        """`find_accounts` of `asked`."""
        wanted = asked.strip().casefold()
        if not wanted:
            return []
        for by, condition in self._ways(asked, wanted):
            found = self._accounts.filter(condition).sort("name", "account_id")
            if found.height:
                columns = found.select("account_id", "name", "domain").iter_rows()
                return [Match(account_id, name, domain, by) for account_id, name, domain in columns]
        return []

    def _ways(self, asked: str, wanted: str) -> Iterator[tuple[str, pl.Expr]]:
        """Each way of naming, and what an account has then; records are read if none fits."""
        account, name = pl.col("account_id"), pl.col("name").str.to_lowercase()
        record = pl.format("{}:{}", "source", "source_account_id") == asked
        yield "account_id", account == asked
        yield "alias", account == (account_of_alias(self._stores.control, asked) or "")
        yield "source:id", account.is_in(self._xref.filter(record)["account_id"].to_list())
        yield "domain", pl.col("domain").str.to_lowercase() == wanted
        yield "name", name == wanted
        for kind in ("domain", "name"):
            same = self._called.filter(kind=kind, value=wanted)
            yield f"{kind} of a record", account.is_in(same["account_id"].to_list())
        yield PART, name.str.contains(wanted, literal=True)

    @cached_property
    def _called(self) -> pl.DataFrame:
        """`core.identity.called.CALLED`."""
        accounts, links = landed(self._stores, "accounts"), standing_links(self._stores)
        return called(accounts, links, self._xref, self._stores.model.identity)
