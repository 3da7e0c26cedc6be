"""The views that signals see of each day, built from what is landed, resolved and rolled up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.activity.delivery import delivered, last_delivered
from health_pipeline.core.activity.observed import as_observed
from health_pipeline.core.activity.usage_daily import GIVEN
from health_pipeline.core.activity.windows import FIRST_ACTIVE
from health_pipeline.core.identity.population import (
    History,
    Population,
    accounts_as_of,
    history,
)
from health_pipeline.core.schemas.day import DayView, FeatureInfo
from health_pipeline.core.schemas.frames import SOURCE_DAYS
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of
from health_pipeline.orchestration.activity import known_activity
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity import attached_tables
from health_pipeline.orchestration.landed import provided_columns
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.window import Window

WEEKS_BACK = 91
"""Days before a day that its weekly series needs (14 weeks)."""

STALE_BACK = 35
"""A source that is silent for longer has no value worth showing."""

LONGEST_WINDOW = 90


class _AsOf(Mapping[str, pl.DataFrame]):
    """Source tables as of one day, each worked out when it is first asked for."""

    def __init__(self, tables: Mapping[str, pl.DataFrame], day: date) -> None:
        self._tables, self._day = tables, day
        self._found: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._found:
            self._found[name] = as_of(SOURCE_TABLES[name], self._tables[name], self._day)
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


@dataclass(frozen=True, slots=True)
class Past:
    """Everything that the days of one run are read from.

    Attributes:
        model: the resolved model.
        window: the days.
        tables: landed tables with account ids, all versions. `provided`: their real columns.
        history: what populations have in common.
        activity, source_days, given: known in the days that the window's signals look back on.
        first_active: `FIRST_ACTIVE` of all history.
    """

    model: HealthModel
    window: Window
    tables: Mapping[str, pl.DataFrame]
    provided: Mapping[str, frozenset[str]]
    history: History
    activity: pl.DataFrame
    source_days: pl.DataFrame
    given: pl.DataFrame
    first_active: pl.DataFrame

    @classmethod
    def of(cls, stores: Stores, window: Window) -> "Past":
        """Read it for `window`; its size does not grow with history."""
        tables = attached_tables(stores)
        start = window.first - timedelta(days=WEEKS_BACK + STALE_BACK + LONGEST_WINDOW)
        first_active = _or_empty(stores.lake.frame("first_active"), FIRST_ACTIVE)
        model = stores.model
        return cls(
            model,
            window,
            tables,
            provided_columns(tables),
            history(tables, first_active, model.identity, model.churn),
            known_activity(stores.lake, start, window.last),
            _or_empty(stores.lake.frame("source_days", start, window.last), SOURCE_DAYS),
            _or_empty(stores.lake.frame("usage_given", start, window.last), GIVEN),
            first_active,
        )

    def on(self, day: date) -> Mapping[str, pl.DataFrame]:
        """The connected source tables as of `day`."""
        return _AsOf(self.tables, day)

    @property
    def features(self) -> tuple[FeatureInfo, ...]:
        """The product's features as signals need them."""
        return tuple(
            FeatureInfo(f.name, bit, f.core, f.key, f.plans)
            for bit, f in enumerate(self.model.activity.features)
        )


def _or_empty(frame: pl.DataFrame | None, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(schema)) if frame is None else frame


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
    model = stores.model
    active = _or_empty(stores.lake.frame("first_active"), FIRST_ACTIVE)
    return accounts_as_of(today, history(tables, active, model.identity, model.churn), day)


def day_views(past: Past, people: pl.DataFrame, days: Sequence[date]) -> Iterator[DayView]:
    """One view for each of `days`, in order.

    Args:
        past: covers the days.
        people: `populations` of the days.
        days: ascending; they need not follow each other.
    """
    views, weeks = _usage(past, people, days)
    by_day = people.partition_by("date", as_dict=True)
    usage_sources = frozenset(past.source_days["source"].unique().to_list())
    for day in days:
        accounts = by_day.get((day,), people.clear()).drop("date")
        yield DayView(
            day=day,
            accounts=accounts,
            windows=views.filter(pl.col("date") == day).drop("date"),
            weekly=weeks.filter(pl.col("date") == day).drop("date"),
            tables=past.on(day),
            provided=past.provided,
            features=past.features,
            usage_sources=usage_sources,
        )


def _usage(
    past: Past, people: pl.DataFrame, days: Sequence[date]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Windows and weeks of the customers of each day, up to the last day that was delivered."""
    plans = people.sort("date").unique("account_id", keep="first").select("account_id", "plan")
    reach = days[0] - timedelta(days=STALE_BACK)
    judged = delivered(past.source_days, plans, reach, days[-1], past.model.activity)
    observed = pl.concat(
        last_delivered(
            judged, past.source_days, plans, day, _used(past.first_active, day)
        ).with_columns(pl.lit(day).alias("date"))
        for day in days
    )
    customers = people.select("account_id", "date")
    observed = observed.join(customers, on=["account_id", "date"], how="semi")
    return as_observed(past.activity, observed, past.first_active, past.given)


def _used(first_active: pl.DataFrame, day: date) -> pl.Series:
    return first_active.filter(pl.col("known_on") <= day)["account_id"]


def as_of_days(stores: Stores, window: Window, *names: str) -> dict[str, pl.DataFrame]:
    """Connected source tables as of each day of `window`, with `account_id` and `date`."""
    tables = attached_tables(stores)
    return {
        name: pl.concat(
            as_of(SOURCE_TABLES[name], tables[name], day).with_columns(pl.lit(day).alias("date"))
            for day in window.days
        )
        for name in names
        if name in tables
    }
