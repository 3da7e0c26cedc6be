"""The views that signals see of each day, built from what is landed, resolved and rolled up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, partial
from typing import TypeVar

import polars as pl

from health_pipeline.adapters.store.lake import Lake
from health_pipeline.config.model import HealthModel
from health_pipeline.core.activity.first_active import FIRST_ACTIVE
from health_pipeline.core.activity.first_core import (
    FIRST_CORE,
    core_on,
    first_core,
    first_core_as_of,
)
from health_pipeline.core.identity.population import (
    History,
    Population,
    accounts_as_of,
    history,
)
from health_pipeline.core.schemas.account_days import NUMBER, places
from health_pipeline.core.schemas.day import NEW_USER_DAYS, DayView, FeatureInfo
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import Timeline, as_of, in_force
from health_pipeline.orchestration.attached import Attached
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity import attached_tables
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.usage import activity_parts
from health_pipeline.orchestration.window import Window

Table = TypeVar("Table", pl.DataFrame, pl.LazyFrame)

USER_CORE_DAYS = ("user_id", "day", "known_on", "core_events")
USAGE_BACK = 125
"""A source that sent no usage for longer does not count as a source of usage."""


class _OfDay(Mapping[str, Table]):
    """The connected source tables as of one day, each found when it is asked for."""

    def __init__(self, past: "Past", day: date) -> None:
        self._past, self._day = past, day

    def __contains__(self, name: object) -> bool:
        return name in self._past.tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._past.tables)

    def __len__(self) -> int:
        return len(self._past.tables)


class _AsOf(_OfDay[pl.DataFrame]):
    """As whole frames."""

    def __init__(self, past: "Past", day: date) -> None:
        super().__init__(past, day)
        self._found: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._found:
            self._found[name] = self._past.timeline(name).on(self._day)
        return self._found[name]


class _Asked(_OfDay[pl.LazyFrame]):
    """As queries of files; accounts are places in `ids`.

    Read is only what is asked for, day by day: in memory a filter would look at every row, where a
    file leaves out those of other months by their statistics.
    """

    def __init__(self, past: "Past", day: date, ids: pl.Series) -> None:
        super().__init__(past, day)
        self._ids = ids

    def __getitem__(self, name: str) -> pl.LazyFrame:
        found = in_force(SOURCE_TABLES[name], self._past.tables.scan(name), self._day)
        known = self._past.tables.ids
        if self._ids is known:
            return found
        theirs = places(known, self._ids)
        numbers = pl.col("account_id").replace_strict(
            pl.Series(range(len(known)), dtype=NUMBER), theirs, return_dtype=NUMBER
        )
        return found.with_columns(numbers)


@dataclass(frozen=True)
class Past:
    """Everything that the days of one run are read from.

    Attributes:
        model: the resolved model.
        window: the days.
        tables: landed tables with account ids, all versions.
        first_active: since when accounts are active.
        usage_known: source, known_on: when sources showed usage.
        lake: for what only some kinds of signals ask for.
    """

    model: HealthModel
    window: Window
    tables: Attached
    first_active: pl.DataFrame
    usage_known: pl.DataFrame
    lake: Lake
    _timelines: dict[str, Timeline] = field(default_factory=dict)

    @classmethod
    def of(cls, stores: Stores, window: Window, tables: Attached | None = None) -> "Past":
        """Read it for `window`; its size does not grow with history."""
        return cls(
            stores.model,
            window,
            attached_tables(stores) if tables is None else tables,
            _or_empty(stores.lake.frame("first_active"), FIRST_ACTIVE),
            usage_known(stores, window),
            stores.lake,
        )

    @cached_property
    def provided(self) -> dict[str, frozenset[str]]:
        """For each table the columns that some source really delivers."""
        return {name: self.tables.columns(name) for name in self.tables}

    @cached_property
    def history(self) -> History:
        """What populations have in common."""
        return _history(self.tables, self.first_active, self.model)

    def timeline(self, name: str) -> Timeline:
        """The versions of one table that are in force on some day of the window."""
        if name not in self._timelines:
            table, window = SOURCE_TABLES[name], self.window
            self._timelines[name] = Timeline.of(
                table, self.tables[name], first=window.first, through=window.last
            )
        return self._timelines[name]

    def on(self, day: date) -> Mapping[str, pl.DataFrame]:
        """The connected source tables as of `day`."""
        return _AsOf(self, day)

    def asked_on(self, day: date, ids: pl.Series) -> Mapping[str, pl.LazyFrame]:
        """The same as queries, with accounts as their places in `ids`."""
        return _Asked(self, day, ids)

    def _core_days(self) -> pl.LazyFrame | None:
        """Days of core use of everybody who may be new on a day of the window; None: nobody."""
        first = self.window.first - timedelta(days=NEW_USER_DAYS)
        parts = activity_parts(self.lake, first, self.window.last)
        if not parts or "created_at" not in self.provided.get("users", ()):
            return None
        new = self.tables.scan("users").filter(pl.col("created_at").dt.date() > first)
        used = pl.concat(part.select(*USER_CORE_DAYS) for part in parts)
        return used.join(new.select("user_id").unique(), on="user_id", how="semi")

    @cached_property
    def _first_core(self) -> pl.DataFrame:
        """`FIRST_CORE` of them."""
        days = self._core_days()
        if days is None:
            return pl.DataFrame(schema=FIRST_CORE)
        return first_core(days).collect(engine="streaming")

    def first_core(self, day: date) -> pl.DataFrame:
        """`DayView.first_core`."""
        days = self._core_days() if self.window.first == self.window.last else None
        if days is not None:  # of one day the changes over time would be twice the work
            return core_on(days, day).collect(engine="streaming")
        return first_core_as_of(self._first_core, day)

    def usage_sources(self, day: date) -> frozenset[str]:
        """Sources that showed usage lately, as known on `day`."""
        lately = pl.col("known_on").is_between(day - timedelta(days=USAGE_BACK), day)
        return frozenset(self.usage_known.filter(lately)["source"])

    @property
    def features(self) -> tuple[FeatureInfo, ...]:
        """The product's features as signals need them."""
        return tuple(
            FeatureInfo(f.name, bit, f.core, f.key, f.plans)
            for bit, f in enumerate(self.model.activity.features)
        )


def _or_empty(frame: pl.DataFrame | None, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(schema)) if frame is None else frame


def _history(tables: Attached, first_active: pl.DataFrame, model: HealthModel) -> History:
    whole = {name: tables[name] for name in ("subscriptions",) if name in tables}
    return history(whole, first_active, model.identity, model.churn, tables.shown)


def populations(past: Past, days: Sequence[date]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`DayView.accounts` of every day with `date`, and who is not in them.

    Returns:
        The accounts; and date, customers, excluded, ended, foreign_currency.
    """
    frames, counts = [], []
    for day in tracked("population", days, len(days)):
        found = accounts_as_of(past.on(day), past.history, day)
        frames.append(found.accounts.with_columns(pl.lit(day).alias("date")))
        counts.append(
            (day, found.accounts.height, found.excluded, found.ended, found.foreign_currency)
        )
    names = ("date", "customers", "excluded", "ended", "foreign_currency")
    return pl.concat(frames), pl.DataFrame(counts, schema=names, orient="row")


def population_on(stores: Stores, day: date) -> Population:
    """Who is a customer on `day`, and how many are not, by what is landed now."""
    tables = attached_tables(stores)
    today = {name: as_of(SOURCE_TABLES[name], rows, day) for name, rows in tables.items()}
    active = _or_empty(stores.lake.frame("first_active"), FIRST_ACTIVE)
    return accounts_as_of(today, _history(tables, active, stores.model), day)


def usage_known(stores: Stores, window: Window) -> pl.DataFrame:
    """`source`, `known_on`: on which days sources showed usage, as far back as it counts."""
    first = window.first - timedelta(days=USAGE_BACK)
    files = stores.lake.files("source_days", first, window.last)
    if not files:
        return pl.DataFrame(schema={"source": pl.String, "known_on": pl.Date})
    return pl.scan_parquet(files).select("source", "known_on").unique().collect()


def day_views(
    past: Past, people: pl.DataFrame, usage: pl.DataFrame, days: Sequence[date]
) -> Iterator[DayView]:
    """One view for each of `days`, in order.

    Args:
        past: covers the days.
        people: `populations` of the days.
        usage: `OBSERVED` rows of the days.
        days: ascending; they need not follow each other.
    """
    ids, numbers = past.tables.ids, places(people["account_id"], past.tables.ids)
    if numbers.null_count():  # identity no longer knows all of them
        ids = pl.concat([ids, people["account_id"]]).unique().sort()
        numbers = places(people["account_id"], ids)
    people = people.with_columns(numbers)
    usage = usage.with_columns(places(usage["account_id"], ids))
    by_day = people.partition_by("date", as_dict=True)
    usage_by_day = usage.partition_by("date", as_dict=True)
    for day in days:
        accounts = by_day.get((day,), people.clear()).drop("date")
        shown = usage_by_day.get((day,), usage.clear()).drop("date")
        shown = shown.join(accounts, on="account_id", how="semi")
        yield DayView(
            day=day,
            accounts=accounts,
            windows=shown,
            tables=past.asked_on(day, ids),
            provided=past.provided,
            features=past.features,
            usage_sources=past.usage_sources(day),
            roles=past.model.identity.roles,
            currency=past.model.churn.currency,
            first_core=partial(past.first_core, day),
            ids=ids,
        )


def as_of_days(stores: Stores, window: Window, *names: str) -> dict[str, pl.DataFrame]:
    """Connected source tables as of each day of `window`, with `account_id` and `date`."""
    tables = attached_tables(stores)
    lines = {
        name: Timeline.of(
            SOURCE_TABLES[name], tables[name], first=window.first, through=window.last
        )
        for name in names
        if name in tables
    }
    return {
        name: pl.concat(line.on(day).with_columns(pl.lit(day).alias("date")) for day in window.days)
        for name, line in lines.items()
    }
