"""Roll raw events and usage aggregates up to user-day activity, for the days that became known."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.engines.duckdb import RollUp, roll_up
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.core.activity.usage_daily import GIVEN, UsageDaily, usage_daily
from health_pipeline.core.activity.windows import FIRST_ACTIVE, first_active
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import attached_tables, published_identity
from health_pipeline.orchestration.landed import EVENTS, event_files, landing_name
from health_pipeline.orchestration.window import Window

EVENT_ACTIVITY, AGGREGATE_ACTIVITY = "activity", "aggregate_activity"
"""Kept apart: usage_daily only fills account-days on which no event is known."""

UNCLAIMED = "unresolved_events"
"""Internal: events that nobody claimed on the day on which they became known."""


def known_activity(lake: Lake, first: date, last: date) -> pl.DataFrame:
    """`ACTIVITY` rows, of events and of aggregates, that became known in these days."""
    parts = [lake.frame(name, first, last) for name in (EVENT_ACTIVITY, AGGREGATE_ACTIVITY)]
    found = [part for part in parts if part is not None]
    return pl.concat(found) if found else pl.DataFrame(schema=ACTIVITY)


@dataclass(frozen=True, slots=True)
class RolledUp:
    """What became known in the days of a run.

    Attributes:
        known: the days, from the first event where nothing was rolled up before.
        activity: `ACTIVITY` rows.
        duplicates: copies of events that were known already.
        differences: account-days on which usage_daily and events disagree.
    """

    known: Window
    activity: pl.DataFrame
    duplicates: int
    differences: pl.DataFrame


def roll_up_window(stores: Stores, window: Window, run_id: str) -> RolledUp:
    """Roll up what became known in `window`, and on a first run in all history before it."""
    known = _known_window(stores, window)
    events = _from_events(stores, known)
    extra = _from_usage_daily(stores, events.activity, known)
    activity = pl.concat([events.activity, extra.activity])
    frames = {
        EVENT_ACTIVITY: events.activity,
        AGGREGATE_ACTIVITY: extra.activity,
        "source_days": pl.concat([events.source_days, extra.source_days]),
        "usage_given": extra.given,
        UNCLAIMED: events.unresolved,
    }
    writes = [
        Write(name, day, part)
        for name, frame in frames.items()
        for day, part in _parts(stores.lake, name, frame, known)
    ]
    writes.append(Write("first_active", None, _first_active(stores, activity, known)))
    stores.lake.publish(writes, run_id=run_id, at=House.now())
    return RolledUp(known, activity, events.duplicates, extra.differences)


def _known_window(stores: Stores, window: Window) -> Window:
    """`window`; where nothing was rolled up before, from the first day of the data on."""
    if any(day < window.first for day in stores.lake.days(EVENT_ACTIVITY)):
        return window
    days = stores.lake.days(landing_name(EVENTS))[:1]
    usage = stores.lake.frame(landing_name("usage_daily"))
    if usage is not None and usage.height:
        days.append(usage["day"].min())  # type: ignore[arg-type]
    return Window(min([window.first, *days]), window.last)


def _from_events(stores: Stores, known: Window) -> RollUp:
    identity = published_identity(stores)
    return roll_up(
        event_files(stores, known),
        user_links=identity.user_links,
        account_xref=identity.account_xref,
        rules=stores.model.activity,
        known_from=known.first,
        known_to=known.last,
    )


def _from_usage_daily(stores: Stores, activity: pl.DataFrame, known: Window) -> UsageDaily:
    landed = attached_tables(stores).get("usage_daily")
    if landed is None:
        shapes = (ACTIVITY, SOURCE_DAYS, GIVEN)
        activity_, days, given = (pl.DataFrame(schema=shape) for shape in shapes)
        return UsageDaily(activity_, days, given, pl.DataFrame())
    before = stores.lake.frame(
        EVENT_ACTIVITY,
        known.first - timedelta(days=stores.model.activity.lookback_days),
        known.first - timedelta(days=1),
    )
    events = activity if before is None else pl.concat([before, activity])
    return usage_daily(landed, events, stores.model.activity, known.first, known.last)


def _parts(
    lake: Lake, name: str, frame: pl.DataFrame, known: Window
) -> list[tuple[date, pl.DataFrame]]:
    """One part for each day on which something became known, and for every asked day."""
    parts = {key[0]: part for key, part in frame.partition_by("known_on", as_dict=True).items()}
    published = set(lake.days(name))
    empty = frame.clear()
    return [
        (day, parts.get(day, empty))
        for day in known.days
        if day in parts or day in published or name == EVENT_ACTIVITY
    ]


def _first_active(stores: Stores, activity: pl.DataFrame, known: Window) -> pl.DataFrame:
    """First activity of all accounts: what was known outside the window, and what is now."""
    stored = stores.lake.frame("first_active")
    earlier = pl.DataFrame(schema=FIRST_ACTIVE) if stored is None else stored
    outside = ~pl.col("known_on").is_between(known.first, known.last)
    return first_active(activity, earlier.filter(outside)).sort("account_id", "known_on")


def unresolved_events(stores: Stores) -> pl.DataFrame:
    """The table `unresolved` with the events of all days that still no account claims."""
    table = RESULT_TABLES["unresolved"]
    stored, events = stores.lake.frame("unresolved"), stores.lake.frame(UNCLAIMED)
    others = table.empty() if stored is None else stored.filter(pl.col("table") != EVENTS)
    if events is None:
        return table.conform(others)
    identity = published_identity(stores)
    claimed = pl.concat(
        [
            identity.account_xref.select("source", pl.col("source_account_id").alias("key")),
            identity.user_xref.select("source", pl.col("source_user_id").alias("key")),
        ]
    )
    open_ = (
        events.join(claimed, on=["source", "key"], how="anti")
        .group_by("table", "source", "key")
        .agg(pl.col("why").last(), pl.col("rows").sum())
    )
    return table.conform(pl.concat([others, open_.select(*table.columns)], how="vertical_relaxed"))
