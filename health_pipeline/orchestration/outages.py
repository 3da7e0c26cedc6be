"""What is known of the silence of sources: read from the lake, judged by `core.scoring.outages`."""

from dataclasses import dataclass

import polars as pl

from health_pipeline.core.activity.observed import OBSERVED
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.scoring.outages import ARRIVALS, FROZEN, HOLDERS, frozen, outages
from health_pipeline.core.scoring.params import ScoringRules
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity import attached_tables
from health_pipeline.orchestration.usage import USAGE_WINDOWS
from health_pipeline.orchestration.window import Window

PEOPLE = ("account_id", "date")
SEEN = (*PEOPLE, "observed_on")


@dataclass(frozen=True, slots=True)
class Silence:
    """When each source spoke in each table, and of whom.

    Attributes:
        arrivals: `ARRIVALS`. `holders`: `HOLDERS`.
    """

    arrivals: pl.DataFrame
    holders: pl.DataFrame

    @classmethod
    def of(cls, stores: Stores, tables: tuple[str, ...]) -> "Silence":
        """Of the landed `tables` that are connected."""
        known_on = pl.col("known_at").dt.date().alias("known_on")
        parts = [
            rows.select("source", pl.lit(name).alias("table"), known_on, "account_id")
            for name, rows in attached_tables(stores).items()
            if name in tables
        ]
        found = pl.concat([pl.DataFrame(schema=HOLDERS), *parts])
        told = found.drop_nulls("account_id").group_by("source", "table", "account_id")
        return cls(
            found.select(*ARRIVALS).unique(),
            told.agg(pl.col("known_on").min()).select(*HOLDERS),
        )

    def outages(self, stores: Stores, part: Window, rules: ScoringRules) -> pl.DataFrame:
        """`RESULT_TABLES["outages"]` of the days of `part`."""
        people, observed = _seen(stores, part)
        return outages(people, observed, self.arrivals, self.holders, rules)


def frozen_on(
    stores: Stores, part: Window, tables: tuple[str, ...], rules: ScoringRules
) -> pl.DataFrame:
    """`FROZEN` of the days of `part`; of whom a source told is asked only where one is down."""
    found = stores.lake.frame("outages", part.first, part.last)
    down = RESULT_TABLES["outages"].empty() if found is None else found.filter("freezes")
    if down.is_empty():
        return pl.DataFrame(schema=FROZEN)
    people, observed = _seen(stores, part)
    return frozen(down, people, observed, Silence.of(stores, tables).holders, rules)


def _seen(stores: Stores, part: Window) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The customers of the days, and up to which day the usage of each account is known."""
    schema = {name: OBSERVED[name] for name in SEEN}
    people = stores.lake.scan("population", part.first, part.last)
    observed = stores.lake.scan(USAGE_WINDOWS, part.first, part.last)
    return (
        pl.DataFrame(schema={name: schema[name] for name in PEOPLE})
        if people is None
        else people.select(PEOPLE).collect(),
        pl.DataFrame(schema=schema) if observed is None else observed.select(SEEN).collect(),
    )
