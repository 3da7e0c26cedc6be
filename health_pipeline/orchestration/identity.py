"""The identity of this world as published: who is who, for the rooms that attach account ids."""

from pathlib import Path

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.registry import register, registry, remember_aliases
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.identity.attach import attach
from health_pipeline.core.identity.resolve import Identity, resolve
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import (
    EVENTS,
    identity_tables,
    landed_tables,
    landing_name,
)

IDENTITY = ("account_xref", "user_xref", "user_links")


def resolve_and_register(stores: Stores, run_id: str) -> Identity:
    """Resolve everything landed; new ids enter the registry and are never reused."""
    found = resolve(identity_tables(stores), stores.model.identity, registry(stores.control))
    now = House.now()
    with transaction(stores.control):
        register(stores.control, found.registry_new.with_columns(pl.lit(now).alias("published_at")))
        remember_aliases(stores.control, found.aliases)
    writes = [
        Write("user_links", None, found.user_links),
        Write("identity_conflicts", None, found.conflicts),
    ]
    stores.lake.publish(writes, run_id=run_id, at=now)
    return found


def published_identity(stores: Stores) -> Identity:
    """The identity that the last run published.

    Raises:
        LookupError: nothing is published yet.
    """
    account_xref, user_xref, user_links = (stores.lake.frame(name) for name in IDENTITY)
    if account_xref is None or user_xref is None or user_links is None:
        raise LookupError("identity is not resolved yet; materialise account_xref first")
    empty = pl.DataFrame()
    return Identity(
        account_xref=account_xref,
        user_xref=user_xref,
        user_links=user_links,
        conflicts=empty,
        review=empty,
        unresolved=empty,
        aliases=empty,
        registry_new=empty,
    )


_attached: dict[tuple[Path, ...], dict[str, pl.DataFrame]] = {}
"""The last answer of `attached_tables` by the files it came from; run files never change."""


def attached_tables(stores: Stores) -> dict[str, pl.DataFrame]:
    """Landed tables (but events) with account_id and user_id, all versions.

    Most stages of a run ask for them; they are put together once.
    """
    names = [landing_name(name) for name in SOURCE_TABLES if name != EVENTS]
    files = tuple(file for name in (*names, *IDENTITY) for file in stores.lake.files(name))
    if files not in _attached:
        found = attach(landed_tables(stores), published_identity(stores))[0]
        _attached.clear()
        _attached[files] = found
    return dict(_attached[files])


def unresolved_records(stores: Stores, found: Identity) -> pl.DataFrame:
    """`unresolved` with the records of every table but events, whose rows stay as they are."""
    table = RESULT_TABLES["unresolved"]
    stored = stores.lake.frame("unresolved")
    events = table.empty() if stored is None else stored.filter(pl.col("table") == EVENTS)
    rest = attach(landed_tables(stores), found)[1]
    return table.conform(pl.concat([events, found.unresolved, rest], how="vertical_relaxed"))
