"""What no account claims: the share of events, users and ARR that scores cannot see."""

from dataclasses import dataclass

import polars as pl

from health_pipeline.adapters.store import manifest
from health_pipeline.core.identity.landed import optional
from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.currency import in_currency
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import EVENTS, landed, landing_name

SEEN_CHECK = "claimed"
MOST_UNSEEN = 0.05
"""A share above it is worth a look: a system is connected without its accounts, or a key broke."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of something no account claims; `total` 0 where nothing of it was handed in."""

    unclaimed: float
    total: float

    @property
    def part(self) -> float:
        """From 0 to 1."""
        return min(self.unclaimed / self.total, 1.0) if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Unseen:
    """Shares that no account claims: of event rows, of users, of ARR as last stated.

    Money of another currency than the model's, or of a term that its source deleted, is in no sum.
    """

    events: Share
    users: Share
    arr: Share

    def shares(self) -> dict[str, Share]:
        """By name; those of which nothing was handed in left out."""
        found = {"events": self.events, "users": self.users, "arr": self.arr}
        return {name: share for name, share in found.items() if share.total}

    def above(self) -> list[str]:
        """Names whose share is above `MOST_UNSEEN`."""
        return [name for name, share in self.shares().items() if share.part > MOST_UNSEEN]

    def words(self) -> str:
        """The shares, as people read them."""
        told = {"events": "event rows", "users": "users", "arr": "ARR"}
        return ", ".join(f"{one.part:.1%} of {told[name]}" for name, one in self.shares().items())


def unseen(stores: Stores) -> Unseen:
    """By the identity that is published now, and the events that the last roll-up found unclaimed.

    Users and ARR are exact; events count rows as landed, copies included.
    """
    found = stores.lake.frame("unresolved")
    left = RESULT_TABLES["unresolved"].empty() if found is None else found
    by_table = dict(left.group_by("table").agg(pl.col("rows").sum()).iter_rows())
    rows = sum(entry.rows for entry in manifest.entries(stores.control, landing_name(EVENTS)))
    users, known = landed(stores, "users"), ("source", "source_user_id")
    total = 0 if users is None else users.select(known).n_unique()
    without = left.filter(pl.col("table") == "users").height
    return Unseen(Share(by_table.get(EVENTS, 0), rows), Share(without, total), _arr(stores))


def _arr(stores: Stores) -> Share:
    terms, xref = landed(stores, "subscriptions"), stores.lake.frame("account_xref")
    if terms is None or xref is None or "arr" not in terms.columns:
        return Share(0, 0)
    key = list(SOURCE_TABLES["subscriptions"].key)
    last = terms.sort("known_at", maintain_order=True).unique(key, keep="last")
    said = {"currency": pl.String(), "deleted_at": TIMESTAMP}
    last = last.with_columns(optional(last, name, dtype) for name, dtype in said.items())
    stands = (pl.col("deleted_at") > House.now()).fill_null(value=True)
    last = last.filter(stands, in_currency(stores.model.churn.currency))
    lost = last.join(xref, on=["source", "source_account_id"], how="anti")
    return Share(float(lost["arr"].sum()), float(last["arr"].sum()))
