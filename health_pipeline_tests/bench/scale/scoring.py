"""From windows to published scores, as a backfill goes over many days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.identity.population import ACCOUNT_COLUMNS
from health_pipeline.core.schemas.account_days import places
from health_pipeline.core.schemas.day import DayView, FeatureInfo
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.earlier import earlier_scores
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.publish import of_days
from health_pipeline.orchestration.steps import score_days
from health_pipeline_tests.bench.scale.people import SOURCE

KINDS = ("breadth", "core_depth", "key_feature_adoption", "stickiness", "usage_trend")
"""Kinds of signals that are measured by windows of activity alone."""

VERSION = "bench"
PLANS, REGIONS = ("Starter", "Growth", "Enterprise"), ("AMER", "EMEA", "APAC")


class Scoring:
    """Scores the days of one world, a chunk after the other, and publishes them."""

    def __init__(self, user_links: pl.DataFrame, stores: Stores) -> None:
        whole = stores.model
        usage = tuple(spec for spec in whole.signals if spec.kind in KINDS)
        self.model = whole.model_copy(update={"signals": usage})
        self.people = population(user_links)
        self.ids = self.people["account_id"]
        self._numbered = self.people.with_columns(places(self.ids, self.ids))
        self.lake = stores.lake
        self._baseline: pl.DataFrame | None = None

    def people_on(self, days: Sequence[date]) -> pl.DataFrame:
        """Everybody, on each of `days`."""
        return on_days(self.people, days)

    def add(self, people: pl.DataFrame, observed: pl.DataFrame) -> int:
        """Score and publish the days of `observed` (`OBSERVED` rows); gives the rows of scores."""
        found = self.scored(people, observed)
        self._publish(found)
        return found["health_scores"].height

    def scored(self, people: pl.DataFrame, observed: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """The tables of the days of `observed`."""
        by_day = observed.partition_by("date", as_dict=True, maintain_order=True)
        days = [key[0] for key in by_day]
        segments = assign(people, self.model.segments)
        values = pl.concat(
            signal_values(self._view(day, rows), self.model.signals)
            for day, rows in zip(days, by_day.values(), strict=True)
        )
        found = score_days(
            self.model,
            values=values,
            segments=segments,
            population=people,
            baseline=self._norms(values, segments, days[-1]),
            published=earlier_scores(self.lake, days, self.model.scoring),
            model_version=VERSION,
            scored_at=House.now(),
        )
        return {
            "signals": found.signals,
            "contributions": found.contributions,
            "health_scores": found.health_scores,
        }

    def _view(self, day: date, rows: pl.DataFrame) -> DayView:
        """What signals see of one day: usage, and the seats of each account."""
        features = self.model.activity.features
        shown = rows.drop("date").with_columns(places(rows["account_id"], self.ids))
        return DayView(
            day=day,
            accounts=self._numbered,
            windows=shown,
            tables={"subscriptions": pl.DataFrame()},
            provided={"subscriptions": frozenset({"seats"})},
            features=tuple(
                FeatureInfo(f.name, bit, f.core, f.key, f.plans) for bit, f in enumerate(features)
            ),
            usage_sources=frozenset({SOURCE}),
            ids=self.ids,
        )

    def _norms(self, values: pl.DataFrame, segments: pl.DataFrame, day: date) -> pl.DataFrame:
        """What is normal: fitted once, on the last day of the first chunk."""
        if self._baseline is None:
            of_day = pl.col("date") == day
            signals, rules = self.model.signals, self.model.segments
            fitted = fit_baseline(
                values.filter(of_day), segments.filter(of_day), signals, rules, day
            )
            self._baseline = fitted.with_columns(pl.lit(VERSION).alias("model_version"))
        return self._baseline

    def _publish(self, tables: Mapping[str, pl.DataFrame]) -> None:
        writes = [
            Write(name, day, part)
            for name, frame in tables.items()
            for day, part in of_days(frame).items()
        ]
        self.lake.publish(writes, run_id=VERSION, at=House.now())


def on_days(people: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """`people` on each of `days`, a day after the other."""
    return pl.DataFrame({"date": days}, schema={"date": pl.Date}).join(people, how="cross")


def population(user_links: pl.DataFrame) -> pl.DataFrame:
    """`DayView.accounts`: each account with as many seats as it has users."""
    sizes = user_links.group_by("account_id").len("seats").sort("account_id")
    place, seats = pl.int_range(pl.len()), pl.col("seats").cast(pl.Int64)
    described = {
        "plan": pl.lit(pl.Series(PLANS)).gather(place % len(PLANS)),
        "region": pl.lit(pl.Series(REGIONS)).gather(place // 7 % len(REGIONS)),
        "employees": seats * 5,
        "arr": seats * 300.0,
        "seats": seats,
        "starts_on": pl.lit(date(2023, 1, 1)),
        "renews_on": pl.lit(date(2027, 1, 1)),
        "first_seen_on": pl.lit(date(2023, 1, 1)),
        "has_usage": pl.lit(value=True),
    }
    return sizes.select(
        "account_id",
        *(
            described.get(name, pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in ACCOUNT_COLUMNS.items()
            if name != "account_id"
        ),
    )
