"""What has landed, for the rooms that read it."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from health_pipeline.adapters.store.lake import Lake
from health_pipeline.core.identity.landed import standing
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.window import Window

EVENTS = "events"
LINKS = "account_links"
LATE_EVENTS = "late_events"
"""Internal table: which event days hold rows that became known on a later day."""

UNCLAIMED = "unresolved_events"
"""Internal table: events that nobody claimed on the day on which they became known."""


EVENT_ACTIVITY, AGGREGATE_ACTIVITY = "activity", "aggregate_activity"
"""What is rolled up, kept apart: usage_daily only fills account-days on which no event is known."""


def landing_name(table: str) -> str:
    """The lake's name of a landed table."""
    return f"landing/{table}"


def landed(stores: Stores, table: str) -> pl.DataFrame | None:
    """All landed versions of `table`, None when it is not connected."""
    return stores.lake.frame(landing_name(table))


def landed_tables(stores: Stores) -> dict[str, pl.DataFrame]:
    """Every landed table but events, which are read by the roll-up alone; of links what stands."""
    found = {name: landed(stores, name) for name in SOURCE_TABLES if name not in (EVENTS, LINKS)}
    found[LINKS] = standing_links(stores)
    return {name: frame for name, frame in found.items() if frame is not None}


def standing_links(stores: Stores) -> pl.DataFrame | None:
    """The ties of `account_links` that stand now, None when it is not connected."""
    links = landed(stores, LINKS)
    return None if links is None else standing(links, House.now())


def identity_tables(stores: Stores) -> dict[str, pl.DataFrame]:
    """What accounts are resolved from.

    Where nobody hands in `accounts`, the ids that rows carry stand in for it, those of events too.
    """
    tables = landed_tables(stores)
    files = [] if "accounts" in tables else stores.lake.files(landing_name(EVENTS))
    if files:
        events = pl.scan_parquet(files, hive_partitioning=False, missing_columns="insert")
        if "source_account_id" in events.collect_schema().names():
            ids = events.group_by("source", "source_account_id").agg(pl.col("known_at").min())
            tables[EVENTS] = ids.sort("source", "source_account_id").collect()
    return tables


@dataclass(frozen=True, slots=True)
class EventFiles:
    """What the roll-up of a window reads.

    Attributes:
        files: Parquet files of landed events.
        claimed_days: days before the window with events that a link of the window claims.
    """

    files: list[Path]
    claimed_days: list[date]


def event_files(stores: Stores, window: Window, identity: Identity) -> EventFiles:
    """Landed events that decide what became known in `window`, and no other partition.

    These are the partitions of its days, of late arrivals, and of events that nobody claimed until
    now, each with the days around it in which a copy may lie (`lookback_days`).

    `identity`: with the day from which on each link counts (`claims.claims`).
    """
    name, lake = landing_name(EVENTS), stores.lake
    near = timedelta(days=stores.model.activity.lookback_days)
    claimed = _claimed_days(lake, window, identity)
    alone = sorted({*_late_days(lake, window), *claimed})
    spans = [(day - near, min(day + near, window.last)) for day in alone]
    spans.append((window.first - near, window.last))
    files = dict.fromkeys(file for span in spans for file in lake.files(name, *span))
    return EventFiles(list(files), claimed)


def _late_days(lake: Lake, window: Window) -> list[date]:
    """Days before `window` of which something became known in it."""
    late = lake.frame(LATE_EVENTS)
    if late is None:
        return []
    known = pl.col("known_on").is_between(window.first, window.last)
    return late.filter(known & (pl.col("day") < window.first))["day"].unique().to_list()


def _claimed_days(lake: Lake, window: Window, identity: Identity) -> list[date]:
    """Days before `window` with events of accounts and users that were linked only in it."""
    linked = pl.col("counts_on").is_between(window.first, window.last)
    accounts = identity.account_xref.filter(linked).select("source", key="source_account_id")
    users = identity.user_links.filter(linked).select("source", key="source_user_id")
    open_ = lake.scan(UNCLAIMED, None, window.first - timedelta(days=1))
    if open_ is None or accounts.height + users.height == 0:
        return []
    keys = pl.concat([accounts, users]).lazy()
    by_key = open_.join(keys, on=["source", "key"], how="semi")
    by_user = open_.join(
        keys, left_on=["source", "user_key"], right_on=["source", "key"], how="semi"
    )
    days = pl.concat([rows.select("day").unique() for rows in (by_key, by_user)])
    return days.collect()["day"].unique().to_list()
