"""The views that signals see of each day, built from what is landed, resolved and rolled up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.activity.first_active import FIRST_ACTIVE
from health_pipeline.core.identity.population import (
    History,
    Population,
    accounts_as_of,
    history,
)
from health_pipeline.core.schemas.day import DayView, FeatureInfo
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import Timeline, as_of, first_shown
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity import attached_tables
from health_pipeline.orchestration.landed import provided_columns
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.window import Window

USAGE_BACK = 125
"""A source that sent no usage for longer does not count as a source of usage."""


class _AsOf(Mapping[str, pl.DataFrame]):
    """Source tables as of one day, each worked out when it is first asked for."""

    def __init__(self, past: "Past", day: date) -> None:
        self._past, self._day = past, day
        self._found: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._found:
            self._found[name] = self._past.timeline(name).on(self._day)
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._past.tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._past.tables)

    def __len__(self) -> int:
        return len(self._past.tables)


@dataclass(frozen=True)
class Past:
    """Everything that the days of one run are read from.

    Attributes:
        model: the resolved model.
        window: the days.
        tables: landed tables with account ids, all versions. `provided`: their real columns.
        first_active: since when accounts are active.
        usage_known: source, known_on: when sources showed usage.
    """

    model: HealthModel
    window: Window
    tables: Mapping[str, pl.DataFrame]
    provided: Mapping[str, frozenset[str]]
    first_active: pl.DataFrame
    usage_known: pl.DataFrame
    _timelines: dict[str, Timeline] = field(default_factory=dict)

    @classmethod
    def of(cls, stores: Stores, window: Window) -> "Past":
        """Read it for `window`; its size does not grow with history."""
        tables = attached_tables(stores)
        return cls(
            stores.model,
            window,
            tables,
            provided_columns(tables),
            _or_empty(stores.lake.frame("first_active"), FIRST_ACTIVE),
            usage_known(stores, window),
        )

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


def _history(
    tables: Mapping[str, pl.DataFrame], first_active: pl.DataFrame, model: HealthModel
) -> History:
    """Of `history` most rows are in vain: what an account showed later than its first rows."""
    first = {name: first_shown(SOURCE_TABLES[name], rows) for name, rows in tables.items()}
    whole = {name: tables[name] for name in ("subscriptions",) if name in tables}
    return history({**first, **whole}, first_active, model.identity, model.churn)


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
            tables=past.on(day),
            provided=past.provided,
            features=past.features,
            usage_sources=past.usage_sources(day),
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
