"""Roll raw events and usage aggregates up to user-day activity, for the days that became known."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import polars as pl

from health_pipeline.adapters.engines import duckdb, spark
from health_pipeline.adapters.engines.steps import RollUp
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.core.activity.feature_map import rolled_up_by
from health_pipeline.core.activity.first_active import FIRST_ACTIVE, first_active
from health_pipeline.core.activity.given import GIVEN
from health_pipeline.core.activity.usage_daily import EVENTS_BACK, UsageDaily, usage_daily
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.claims import claims
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import attached_tables, published_identity
from health_pipeline.orchestration.landed import (
    AGGREGATE_ACTIVITY,
    EVENT_ACTIVITY,
    EVENTS,
    UNCLAIMED,
    event_files,
    landing_name,
)
from health_pipeline.orchestration.usage_stale import watched
from health_pipeline.orchestration.window import Window

ROLLED_UP = "rolled_up"
"""Internal: the day through which everything that became known is rolled up."""

PART_EVENTS = 10_000_000
"""Landed events that are rolled up at once, unless one day holds more."""

SAMPLE, MOST_DIFFERENCES = 20, 1000
"""Rows kept to be shown."""


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
        rows: `ACTIVITY` rows of these days.
        volume: day, events of these rows.
        sample: some of them, of the last day.
        duplicates: copies of events that were known already.
        conflicts: further such copies, which say something else than the copy that counts.
        conflict_sample: source, event_id, known_on, differs: some of these.
        differences: account-days on which usage_daily and events disagree.
    """

    known: Window
    rows: int
    volume: pl.DataFrame
    sample: pl.DataFrame
    duplicates: int
    conflicts: int
    conflict_sample: pl.DataFrame
    differences: pl.DataFrame


def roll_up_window(stores: Stores, window: Window, run_id: str) -> RolledUp:
    """Roll up what became known in `window`, and whatever before it was not rolled up yet.

    Long histories go part by part, each published before the next, so that the memory does not
    grow with them; a run that was killed goes on after the last part.
    """
    known = _known_window(stores, window)
    parts = [_roll_up_part(stores, part, run_id, known) for part in _parts_of(stores, known)]
    volume = pl.concat([part.volume for part in parts]).group_by("day").agg(pl.col("events").sum())
    return RolledUp(
        known,
        sum(part.rows for part in parts),
        volume.sort("day"),
        parts[-1].sample,
        sum(part.duplicates for part in parts),
        sum(part.conflicts for part in parts),
        pl.concat([part.conflict_sample for part in parts]).head(SAMPLE),
        pl.concat([part.differences for part in parts], how="diagonal").head(MOST_DIFFERENCES),
    )


def _roll_up_part(stores: Stores, part: Window, run_id: str, known: Window) -> RolledUp:
    through = _rolled_through(stores.lake)
    # The days after a run of earlier ones are not rolled up again: what it links counts after them.
    between = through is not None and known.last < through
    earliest = through + timedelta(days=1) if through and between else None
    identity = published_identity(stores)
    who = claims(stores.lake, part, identity, began=through is not None, earliest=earliest)
    events = _from_events(stores, part, who.identity)
    extra = _from_usage_daily(stores, events.activity, part)
    activity = pl.concat([events.activity, extra.activity])
    frames = {
        EVENT_ACTIVITY: events.activity,
        AGGREGATE_ACTIVITY: extra.activity,
        "source_days": pl.concat([events.source_days, extra.source_days]),
        "usage_given": extra.given,
        UNCLAIMED: events.unresolved,
    }
    writes = [
        Write(name, day, rows)
        for name, frame in frames.items()
        for day, rows in _by_day(stores.lake, name, frame, part)
    ]
    writes.append(Write("first_active", None, _first_active(stores, activity, part)))
    writes.append(who.write(events.unresolved))
    writes.append(_rolled_up(stores, part, ends=part.last == known.last))
    with watched(stores.lake, part):
        stores.lake.publish(writes, run_id=run_id, at=House.now())
    return RolledUp(
        part,
        activity.height,
        activity.group_by("day").agg(pl.col("events").sum()),
        activity.filter(pl.col("known_on") == part.last).head(SAMPLE),
        events.duplicates,
        events.conflicts,
        events.conflict_sample,
        extra.differences,
    )


def _rolled_up(stores: Stores, part: Window, *, ends: bool) -> Write:
    """That `part` is rolled up, by which rules, and which tables are, as far as that reaches.

    Of a table that was connected late, and of all under other rules, that is so once all parts of
    its past are: a run that is killed between begins with them again.
    """
    through, counted = _rolled_through(stores.lake), [name for name, _ in _connected(stores)]
    if through is not None and part.first <= through and not ends:
        counted = _counted(stores)
    row = {
        "through": [max(part.last, through or part.last)],
        "counted": [counted],
        "rules": [rolled_up_by(stores.model.activity)],
    }
    named = pl.List(pl.String)
    return Write(ROLLED_UP, None, pl.DataFrame(row, schema_overrides={"counted": named}))


def _counted(stores: Stores) -> list[str]:
    """The tables that are rolled up by the rules of now.

    A release that noted none rolled up those that there are; one that noted no rules, by these.
    """
    stored, rules = stores.lake.frame(ROLLED_UP), rolled_up_by(stores.model.activity)
    if stored is None or ("rules" in stored.columns and stored["rules"][0] != rules):
        return []
    if "counted" not in stored.columns:
        return [name for name, _ in _connected(stores)]
    return list(stored["counted"][0])


def _rolled_through(lake: Lake) -> date | None:
    """The last day up to which everything that became known is rolled up."""
    stored = lake.frame(ROLLED_UP)
    return None if stored is None else stored["through"][0]


def _known_window(stores: Stores, window: Window) -> Window:
    """`window`, from the day after the last that was rolled up; for a new table all of its past.

    A table that lands for the first time says what was known before, too, and under other rules
    all of them mean something else: windows that begin now look back to it. Its past ends with the
    last day that is rolled up, so that a run of earlier days, which counts it first, leaves out
    none.
    """
    through, counted = _rolled_through(stores.lake), _counted(stores)
    following = [] if through is None else [through + timedelta(days=1)]
    new = [day for name, day in _connected(stores) if name not in counted]
    past = [through] if new and through is not None else []
    return Window(min([window.first, *following, *new]), max([window.last, *past]))


def _connected(stores: Stores) -> list[tuple[str, date]]:
    """The landed tables that are rolled up, and the first day of each."""
    found = [(EVENTS, day) for day in stores.lake.days(landing_name(EVENTS))[:1]]
    usage = stores.lake.frame(landing_name("usage_daily"))
    if usage is not None and usage.height:
        found.append(("usage_daily", usage["day"].min()))  # type: ignore[arg-type]
    return found


def _parts_of(stores: Stores, known: Window) -> list[Window]:
    """`known` in parts of about `PART_EVENTS` landed events each, as far as days allow."""
    landed = stores.lake.day_rows(landing_name(EVENTS))
    parts, first, held = [], known.first, 0
    for day in sorted(day for day in landed if known.first < day <= known.last):
        held += landed.get(day - timedelta(days=1), 0)
        if held + landed[day] > PART_EVENTS:
            parts.append(Window(first, day - timedelta(days=1)))
            first, held = day, 0
    return [*parts, Window(first, known.last)]


def _from_events(stores: Stores, known: Window, identity: Identity) -> RollUp:
    sources = stores.model.sources
    on_spark = partial(spark.roll_up, config=sources.spark, root=stores.lake.root)
    engine = on_spark if sources.engine == "spark" else duckdb.roll_up
    events = event_files(stores, known, identity)
    return engine(
        events.files,
        user_links=identity.user_links,
        account_xref=identity.account_xref,
        rules=stores.model.activity,
        known_from=known.first,
        known_to=known.last,
        claimed_days=events.claimed_days,
    )


def _from_usage_daily(stores: Stores, activity: pl.DataFrame, known: Window) -> UsageDaily:
    landed = attached_tables(stores).get("usage_daily")
    if landed is None:
        shapes = (ACTIVITY, SOURCE_DAYS, GIVEN)
        activity_, days, given = (pl.DataFrame(schema=shape) for shape in shapes)
        return UsageDaily(activity_, days, given, pl.DataFrame())
    before = stores.lake.frame(
        EVENT_ACTIVITY,
        known.first - EVENTS_BACK,
        known.first - timedelta(days=1),
    )
    events = activity if before is None else pl.concat([before, activity])
    return usage_daily(landed, events, stores.model.activity, known.first, known.last)


def _by_day(
    lake: Lake, name: str, frame: pl.DataFrame, known: Window
) -> list[tuple[date, pl.DataFrame]]:
    """One frame for each day on which something became known, or had before this run."""
    parts = {key[0]: part for key, part in frame.partition_by("known_on", as_dict=True).items()}
    published = {day for day in lake.days(name) if known.first <= day <= known.last}
    empty = frame.clear()
    return [(day, parts.get(day, empty)) for day in sorted({*parts, *published})]


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
        .with_columns(pl.col("key").fill_null(""))  # the event names nobody
    )
    return table.conform(pl.concat([others, open_.select(*table.columns)], how="vertical_relaxed"))
